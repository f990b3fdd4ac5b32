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
from typing import Any

import pandas as pd

from harness.check.golden import FIELDS, level_text
from harness.check.subject import rows
from harness.errors import HarnessError
from harness.store.durable import make_folder, write_durably

FEWEST_SEEDS = 5  # below that a standard deviation is itself off by a third and more
DIGITS = 6
UNSETTLED = "unsettled"  # the rule of golden/<name>/tolerances.toml for a line without a value


def write_measured(
    folder: Path,
    name: str,
    file: str,
    cells: pd.DataFrame,
    index: Sequence[str],
    quantities: Sequence[str],
    provenance: Mapping[str, Any],
    *,
    fewest: int = FEWEST_SEEDS,
) -> tuple[Path, Path]:
    """Write golden/<name>/<file> from the cells of these quantities, and `<stem>.provenance.json`.

    A cell that some seeds leave undefined gets a line that says so under the rule `unsettled`: it
    cannot be held against anything, and a reader should know. `provenance` says what the numbers
    rest on (keys, seeds, environment, command), in JSON values.

    Raises:
        HarnessError: no cell of a quantity is defined, a number rests on fewer than `fewest`
            seeds, or an axis has the name of a field, so that the file could not be read.
    """
    chosen = rows(cells[cells["quantity"].isin(quantities)])
    where = f"golden/{name}/{file}"
    if taken := [axis for axis in index if axis in FIELDS]:
        raise HarnessError(where, f"the axis {taken[0]!r} has the name of a field of golden files")
    lacking = [one for one in quantities if one not in {row["quantity"] for row in chosen}]
    if lacking:
        raise HarnessError(where, f"nothing was measured of {', '.join(lacking)}")
    for quantity in quantities:
        _require_defined([row for row in chosen if row["quantity"] == quantity], index, where)
    for row in chosen:
        _require_seeds(row, index, where, fewest)
    numbers = any(not math.isnan(row["value"]) for row in chosen)
    unsettled = any(row["why"] for row in chosen)
    fields = (
        *(("value", "std", "n") if numbers else ()),
        *(("text",) if unsettled or not numbers else ()),
        *(("rule",) if unsettled else ()),
    )
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
    make_folder(target.parent)
    write_durably(beside, f"{record}\n".encode())
    write_durably(target, text.getvalue().encode())
    return target, beside


def _line(row: Mapping[str, Any], fields: Sequence[str]) -> list[Any]:
    if row["why"]:
        line = {"text": f"undefined: {row['why']}", "rule": UNSETTLED}
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
    if row["why"] or level_text(row["text"]):
        return  # words do not spread: the seeds agree, or the cell would be undefined
    if row["n"] < fewest:
        problem = f"{_named(row, index)} rests on {row['n']} seeds, at least {fewest} are needed"
        raise HarnessError(where, problem, hint="run it with --set seed=0,1,2,3,4")


def _named(row: Mapping[str, Any], index: Sequence[str]) -> str:
    levels = ", ".join(f"{axis} {level_text(row[axis])}" for axis in index if level_text(row[axis]))
    return f"{row['quantity']} at {levels}"


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.{DIGITS}f}".rstrip("0").rstrip(".")
    return level_text(value)
