"""Measured golden values: cells of several seeds → a golden file with its provenance beside it.

Called by a person who has decided that the numbers at hand are right; never by a test or a check.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from harness.check.bits import digest_of
from harness.check.compare import Origin, origins
from harness.check.contents import FILE as CONTENTS
from harness.check.contents import Counts, contents_toml, read_contents, sha256
from harness.check.golden import FIELDS, LARGEST_NUMBER, UNDEFINED, SeedValues, level_text
from harness.check.tolerance import (
    FILE,
    Exact,
    Printed,
    Rule,
    Seeds,
    Unsettled,
    allowed,
    guards_nothing,
    read_tolerances,
)
from harness.errors import HarnessError
from harness.files import make_folder, os_errors, read_plain, write_durably
from harness.frames.cells import rows
from harness.frames.frame import frame_of
from harness.frames.recorded import Artifacts
from harness.plan.expand import Plan, PlannedExhibit
from harness.spec.safe_text import decoded

FEWEST_SEEDS = 5  # below that a standard deviation is itself off by a third and more
UNSETTLED = "unsettled"  # the rule of golden/<name>/tolerances.toml for a line without a value
ALPHA = 0.0013  # of one cell
HEADING = "# How far a run may lie from what was measured here, by quantity, and why."


def provenance_of(
    plan: Plan, artifacts: Artifacts, command: str, environment: Mapping[str, Any]
) -> dict[str, Any]:
    """What golden values of a plan rest on: what was typed, where it ran, a digest of each run."""
    manifests = [found for key in plan.nodes if (found := artifacts.get(key))]
    return {
        "command": command,
        "environment": dict(environment),
        "keys": {manifest.key: digest_of(manifest) for manifest in manifests},
        "wall_s": round(sum(manifest.wall_s for manifest in manifests), 1),
    }


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
    given = (frame.cells, frame.index, quantities, provenance)
    return write_measured(
        folder, name, _file(planned), *given, derived=derived, behind=origins(frame)
    )


def refuse_unwritten(folder: Path, name: str, planned: PlannedExhibit) -> None:
    """Raise HarnessError where `write_exhibit` could not write, or no check read, its file.

    All that can be known before anything is measured. IO: reads tolerances.toml and contents.toml.
    """
    where, index = f"golden/{name}/{_file(planned)}", planned.index
    quantities = (*planned.exhibit.pinned(), *_derived(planned))
    if not quantities or planned.exhibit.at_published_size:
        raise HarnessError(where, f"{planned.exhibit.id} has no numbers that depend on seeds")
    _require_free(index, where)
    rules = _known_rules(folder / name, name)
    for rule in (one for one in (*quantities, UNSETTLED) if one in rules):
        if isinstance(rules[rule], Unsettled) is not (rule == UNSETTLED):
            problem = f"{rule}: the rule must{' not' * (rule != UNSETTLED)} be unsettled"
            raise HarnessError(f"golden/{name}/{FILE}", problem)
    _contents(folder / name)


def _file(planned: PlannedExhibit) -> str:
    return planned.exhibit.golden or f"{planned.exhibit.id}.csv"


def _derived(planned: PlannedExhibit) -> dict[str, str]:
    """What is derived, and the quantity that it is a difference of, if it is one."""
    return {one.quantity: "" if one.is_ratio else one.of for one in planned.exhibit.derive}


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
) -> tuple[Path, ...]:
    """Write golden/<name>/<file> from the cells of these quantities, `<stem>.provenance.json` and
    its table in contents.toml; before that, the rules that tolerances.toml lacks for them.

    A cell that some seeds leave undefined, or whose band would guard nothing, gets a line that says
    so under the rule `unsettled`: it has no tolerance to be held against, and a reader should know.
    `provenance` says what the numbers rest on (keys, seeds, environment, command), in JSON values;
    `derived` says of which quantity another is the difference; `behind` has the number of each
    seed, which the file then keeps.

    Raises:
        HarnessError: no cell of a quantity is defined, a number is too large or rests on fewer than
            `FEWEST_SEEDS` seeds, or an axis has the name of a field.
    """
    where = f"golden/{name}/{file}"
    _require_free(index, where)
    chosen = _chosen(cells, index, quantities, where)
    known = _known_rules(folder / name, name)
    for row in chosen:
        at = (row["quantity"], *(level_text(row[axis]) for axis in index))
        origin = behind.get(at, Origin())
        row["seeds"] = "" if level_text(row["text"]) else _of_seeds(origin.values)
        row["open"] = f"{UNDEFINED}: {row['why']}" if row["why"] else _idle(row, origin, known)
    rules = _added_rules(folder / name / FILE, known, chosen, derived)
    target = folder / name / file
    text = _csv(chosen, index, target.stem).encode()
    said = {**provenance, "sha256": sha256(text)}
    record = json.dumps(said, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    lines = {file: Counter(row["quantity"] for row in chosen if not row["open"])}
    written = {
        **rules,  # first: a rule without values does no harm
        target: text.decode(),
        target.with_suffix(".provenance.json"): f"{record}\n",
        target.parent / CONTENTS: contents_toml({**_contents(target.parent), **lines}),
    }
    with os_errors(target):
        make_folder(target.parent)
        for path, content in written.items():
            write_durably(path, content.encode())
    return *(path for path in written if path not in rules), *rules


def _contents(folder: Path) -> Mapping[str, Counts]:
    return read_contents(folder) if (folder / CONTENTS).exists() else {}


def _require_free(index: Sequence[str], where: str) -> None:
    if taken := [axis for axis in index if axis in FIELDS]:
        raise HarnessError(where, f"the axis {taken[0]!r} has the name of a field of golden files")


def _chosen(
    cells: pd.DataFrame, index: Sequence[str], quantities: Sequence[str], where: str
) -> list[dict[str, Any]]:
    """The rows of these quantities, each of which some cell defines, by enough seeds."""
    chosen = rows(cells[cells["quantity"].isin(quantities)])
    lacking = [one for one in quantities if one not in {row["quantity"] for row in chosen}]
    if lacking:
        raise HarnessError(where, f"nothing was measured of {', '.join(lacking)}")
    for quantity in quantities:
        same = [row for row in chosen if row["quantity"] == quantity]
        if all(row["why"] for row in same):
            problem = f"{_named(same[0], index)} is undefined: {same[0]['why']}"
            more = f"; so are all {len(same)} of {quantity}" if len(same) > 1 else ""
            raise HarnessError(where, problem + more)
    for row in chosen:
        if abs(row["value"]) > LARGEST_NUMBER or row["std"] > LARGEST_NUMBER:
            problem = f"{_named(row, index)} is infinite, or larger than {LARGEST_NUMBER:g}"
            raise HarnessError(where, problem)
        # words do not spread: the seeds agree, or the cell would be undefined
        is_number = not row["why"] and not level_text(row["text"])
        if is_number and row["n"] < FEWEST_SEEDS:
            few = f"{row['n']} seeds, at least {FEWEST_SEEDS} are needed"
            problem = f"{_named(row, index)} rests on {few}"
            raise HarnessError(where, problem, hint="run it with --set seed=0,1,2,3,4")
    return chosen


def _named(row: Mapping[str, Any], index: Sequence[str]) -> str:
    levels = ", ".join(f"{axis} {level_text(row[axis])}" for axis in index if level_text(row[axis]))
    return f"{row['quantity']} at {levels}"


def _of_seeds(values: SeedValues) -> str:
    """The number of each seed in one field; each so that reading gives the very same one."""
    return " ".join(
        f"{seed}:{UNDEFINED if math.isnan(value) else repr(float(value))}"
        for seed, value in sorted(values.items())
    )


def _idle(row: Mapping[str, Any], origin: Origin, known: Mapping[str, Rule]) -> str:
    """Why a check of one seed could not fail in this cell, if so."""
    value, std, n = row["value"], row["std"], int(row["n"])
    rule = known.get(row["quantity"])
    if not isinstance(rule, Seeds) or math.isnan(value) or n < 2:
        return ""
    width = allowed(rule, Printed("", value, std, n), 1).value
    return guards_nothing(value, width, row["unit"], origin.chance)


def _csv(chosen: Sequence[Mapping[str, Any]], index: Sequence[str], stem: str) -> str:
    """The golden file, with those of its columns that any line needs."""
    is_open = any(row["open"] for row in chosen)
    fields = [
        *(("value", "std", "n") if any(not math.isnan(row["value"]) for row in chosen) else ()),
        *(("seeds",) if any(row["seeds"] for row in chosen) else ()),
        *(("text",) if is_open or any(level_text(row["text"]) for row in chosen) else ()),
        *(("rule",) if is_open else ()),
    ]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["quantity", *index, *fields, "place"])
    for row in chosen:
        line = dict(row)
        if row["open"]:
            line = {"text": row["open"], "rule": UNSETTLED, "seeds": row["seeds"]}
        levels = (row[axis] for axis in index)
        shown = map(level_text, (row["quantity"], *levels, *map(line.get, fields)))
        writer.writerow([*shown, f"measured, {row['n']} seeds; see {stem}.provenance.json"])
    return text.getvalue()


def _known_rules(folder: Path, name: str) -> Mapping[str, Rule]:
    """The rules of set `name` in its `folder`: none where it has no file of them."""
    return read_tolerances(folder, f"golden/{name}") if (folder / FILE).exists() else {}


def _added_rules(
    path: Path,
    known: Mapping[str, Rule],
    chosen: Sequence[Mapping[str, Any]],
    derived: Mapping[str, str],
) -> dict[Path, str]:
    """tolerances.toml with a rule for each of these cells, where it lacks one; else nothing."""
    lacking: dict[str, Rule] = {}
    for row in chosen:
        name = UNSETTLED if row["open"] else row["quantity"]
        if name not in known:
            lacking.setdefault(name, _rule(row, known.get(derived.get(row["quantity"], ""))))
    if not lacking:
        return {}
    parts = [decoded(read_plain(path), str(path)).rstrip() if path.exists() else HEADING]
    for name, rule in lacking.items():
        said = [f"[{json.dumps(name) if '.' in name else name}]"]
        for key, value in rule.model_dump().items():
            said.append(f"{key} = {json.dumps(value, ensure_ascii=False)}")
        parts.append("\n".join(said))
    return {path: "\n\n".join(parts) + "\n"}


def _rule(row: Mapping[str, Any], of: Rule | None) -> Rule:
    """The rule of a quantity that has none: that of what it is the difference `of`, if any."""
    if row["open"]:
        basis = "the measured seeds give the cell no tolerance, for the reason in its line"
        return Unsettled(rule="unsettled", basis=basis)
    if level_text(row["text"]):
        return Exact(rule="exact", basis="words are the same or not")
    if isinstance(of, Seeds):
        basis = "of the difference itself, paired by seed, which may take two steps of a side"
        return Seeds(rule="seeds", alpha=of.alpha, resolution=2 * of.resolution, basis=basis)
    basis = "from the spread of the seeds; written with the values, for want of a rule"
    return Seeds(rule="seeds", alpha=ALPHA, basis=basis)
