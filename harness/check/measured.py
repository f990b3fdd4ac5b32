"""Measured golden values: cells of several seeds → a golden file with its provenance beside it.

Called by a person who has decided that the numbers at hand are right; never by a test or a check.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from harness.check.bits import digest_of
from harness.check.golden import FIELDS, PUBLISHED, level_text
from harness.check.new_rules import UNSETTLED, added_rules, known_rules
from harness.check.reach import guards_nothing
from harness.check.seed_values import written
from harness.check.subject import Origin, origins, rows
from harness.check.tolerance import FILE, Printed, Rule, Seeds, Unsettled, allowed
from harness.errors import HarnessError
from harness.frames.frame import frame_of
from harness.frames.readers import pinned
from harness.frames.recorded import Artifacts
from harness.frames.runs import index_columns
from harness.layout import refuse_unwritable
from harness.plan.expand import Plan, PlannedExhibit
from harness.spec.profile import Profile
from harness.store.durable import make_folder, os_errors, write_durably

FEWEST_SEEDS = 5  # below that a standard deviation is itself off by a third and more


def refuse_unmeasurable(plan: Plan, profile: Profile, golden: Path) -> None:
    """Raise HarnessError where no golden file can be written, as far as that is known beforehand:
    a profile may be held against what no program writes. IO: reads tolerances.toml.
    """
    if profile.golden in (None, PUBLISHED):
        problem = "its numbers are not held against measured values"
        raise HarnessError(f"--profile {profile.id}", problem, hint="choose one like smoke")
    for planned in plan.exhibits:
        refuse_unwritten(golden, str(profile.golden), planned)


def write_plan(
    plan: Plan,
    golden: Path,
    name: str,
    artifacts: Artifacts,
    *,
    command: str,
    environment: Mapping[str, Any],
) -> tuple[Path, ...]:
    """Write the golden files of a plan whose runs are stored, each with its provenance: what was
    typed, where it was measured, and a digest of every run. Returns the files.
    """
    manifests = [found for key in plan.nodes if (found := artifacts.get(key))]
    provenance = {
        "command": command,
        "environment": dict(environment),
        "keys": {manifest.key: digest_of(manifest) for manifest in manifests},
        "wall_s": round(sum(manifest.wall_s for manifest in manifests), 1),
    }
    return tuple(
        path
        for planned in plan.exhibits
        for path in write_exhibit(golden, name, planned, artifacts, provenance)
    )


def write_exhibit(
    folder: Path,
    name: str,
    planned: PlannedExhibit,
    artifacts: Artifacts,
    provenance: Mapping[str, Any],
) -> tuple[Path, ...]:
    """The golden file of an exhibit whose runs are stored, as `write_measured` writes it."""
    frame, derived = frame_of(planned, artifacts, {}), _derived(planned)
    there = set(frame.cells["quantity"])  # a VGG has no residual blocks, so no positions
    quantities = [*(one for one in frame.pinned if one in there), *derived]
    file, cells = _file(planned), frame.cells
    return write_measured(
        folder,
        name,
        file,
        cells,
        frame.index,
        quantities,
        provenance,
        derived=derived,
        behind=origins(frame),
    )


def refuse_unwritten(folder: Path, name: str, planned: PlannedExhibit) -> None:
    """Raise HarnessError where `write_exhibit` could not write, or no check read, its file.

    All that can be known before anything is measured. IO: reads tolerances.toml.
    """
    where, index = f"golden/{name}/{_file(planned)}", index_columns(planned)
    quantities = (*pinned(planned.exhibit), *_derived(planned))
    if not quantities or planned.exhibit.scale_free:
        raise HarnessError(where, f"{planned.exhibit.id} has no numbers that depend on seeds")
    _require_free(index, where)
    rules = known_rules(folder / name, name)
    for rule in (one for one in (*quantities, UNSETTLED) if one in rules):
        if isinstance(rules[rule], Unsettled) is not (rule == UNSETTLED):
            problem = f"{rule}: the rule must{' not' * (rule != UNSETTLED)} be unsettled"
            raise HarnessError(f"golden/{name}/{FILE}", problem)
    refuse_unwritable(folder / name, "--project")


def _file(planned: PlannedExhibit) -> str:
    return planned.exhibit.golden or f"{planned.exhibit.id}.csv"


def _derived(planned: PlannedExhibit) -> dict[str, str]:
    return {one.quantity: one.of for one in planned.exhibit.derive}


def write_measured(
    folder: Path,
    name: str,
    file: str,
    cells: pd.DataFrame,
    index: Sequence[str],
    quantities: Sequence[str],
    provenance: Mapping[str, Any],
    *,
    derived: Mapping[str, str] = MappingProxyType({}),
    behind: Mapping[tuple[str, ...], Origin] = MappingProxyType({}),
    fewest: int = FEWEST_SEEDS,
) -> tuple[Path, ...]:
    """Write golden/<name>/<file> from the cells of these quantities, and `<stem>.provenance.json`;
    before that, the rules that tolerances.toml lacks for them.

    A cell that some seeds leave undefined, or whose band would guard nothing, gets a line that says
    so under the rule `unsettled`: it has no tolerance to be held against, and a reader should know.
    `provenance` says what the numbers rest on (keys, seeds, environment, command), in JSON values;
    `derived` says of which quantity another is the difference; `behind` has the number of each
    seed, which the file then keeps.

    Raises:
        HarnessError: no cell of a quantity is defined, a number is infinite or rests on fewer than
            `fewest` seeds, or an axis has the name of a field.
    """
    chosen = rows(cells[cells["quantity"].isin(quantities)])
    where = f"golden/{name}/{file}"
    _require_free(index, where)
    lacking = [one for one in quantities if one not in {row["quantity"] for row in chosen}]
    if lacking:
        raise HarnessError(where, f"nothing was measured of {', '.join(lacking)}")
    for quantity in quantities:
        _require_defined([row for row in chosen if row["quantity"] == quantity], index, where)
    for row in chosen:
        _require_seeds(row, index, where, fewest)
    known = known_rules(folder / name, name)
    for row in chosen:
        at = (row["quantity"], *(level_text(row[axis]) for axis in index))
        origin = behind.get(at, Origin())
        numbers_only = not level_text(row["text"])
        row["seeds"] = written(origin.values) if numbers_only else ""
        row["open"] = f"undefined: {row['why']}" if row["why"] else _idle(row, origin, known)
    rules = added_rules(folder / name, name, chosen, derived)
    fields = [
        *(("value", "std", "n") if any(not math.isnan(row["value"]) for row in chosen) else ()),
        *(("seeds",) if any(row["seeds"] for row in chosen) else ()),
        *(("text",) if any(row["open"] or level_text(row["text"]) for row in chosen) else ()),
        *(("rule",) if any(row["open"] for row in chosen) else ()),
    ]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["quantity", *index, *fields, "place"])
    for row in chosen:
        levels = [level_text(row[axis]) for axis in index]
        place = f"measured, {row['n']} seeds; see {Path(file).stem}.provenance.json"
        shown = [_shown(one) for one in _line(row, fields)]
        writer.writerow([row["quantity"], *levels, *shown, place])
    record = json.dumps(provenance, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    target = folder / name / file
    beside = target.with_suffix(".provenance.json")
    with os_errors(target):
        make_folder(target.parent)
        for path, content in rules.items():  # first: a rule without values does no harm
            write_durably(path, content.encode())
        write_durably(beside, f"{record}\n".encode())
        write_durably(target, text.getvalue().encode())
    return target, beside, *rules


def _idle(row: Mapping[str, Any], origin: Origin, known: Mapping[str, Rule]) -> str:
    """Why a check of one seed could not fail in this cell, if so."""
    value, std, n = row["value"], row["std"], int(row["n"])
    rule = known.get(row["quantity"])
    if not isinstance(rule, Seeds) or math.isnan(value) or n < 2:
        return ""
    width = allowed(rule, Printed("", value, std, n), 1).value
    return guards_nothing(value, width, row["unit"], origin.chance)


def _require_free(index: Sequence[str], where: str) -> None:
    if taken := [axis for axis in index if axis in FIELDS]:
        raise HarnessError(where, f"the axis {taken[0]!r} has the name of a field of golden files")


def _line(row: Mapping[str, Any], fields: Sequence[str]) -> list[Any]:
    if row["open"]:
        line = {"text": row["open"], "rule": UNSETTLED, "seeds": row["seeds"]}
    else:
        line = {name: row[name] for name in fields if name != "rule"}
    return [line.get(name) for name in fields]


def _require_defined(cells: Sequence[Mapping[str, Any]], index: Sequence[str], where: str) -> None:
    if all(row["why"] for row in cells):
        cell = _named(cells[0], index)
        problem = f"{cell} is undefined: {cells[0]['why']}"
        if len(cells) > 1:
            problem += f"; so are all {len(cells)} of {cells[0]['quantity']}"
        raise HarnessError(where, problem)


def _require_seeds(row: Mapping[str, Any], index: Sequence[str], where: str, fewest: int) -> None:
    if math.isinf(row["value"]) or math.isinf(row["std"]):
        raise HarnessError(where, f"{_named(row, index)} is infinite")
    if row["why"] or level_text(row["text"]):
        return  # words do not spread: the seeds agree, or the cell would be undefined
    if row["n"] < fewest:
        problem = f"{_named(row, index)} rests on {row['n']} seeds, at least {fewest} are needed"
        raise HarnessError(where, problem, hint="run it with --set seed=0,1,2,3,4")


def _named(row: Mapping[str, Any], index: Sequence[str]) -> str:
    levels = ", ".join(f"{axis} {level_text(row[axis])}" for axis in index if level_text(row[axis]))
    return f"{row['quantity']} at {levels}"


def _shown(value: Any) -> str:
    """A number so that reading gives the very same one."""
    return level_text(float(value)) if isinstance(value, float) else level_text(value)
