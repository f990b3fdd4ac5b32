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

from harness.check.golden import level_text
from harness.check.subject import rows
from harness.errors import HarnessError
from harness.store.durable import make_folder, write_durably

FEWEST_SEEDS = 5  # below that a standard deviation is itself off by a third and more
DIGITS = 6


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

    `provenance` says what the numbers rest on (keys, seeds, environment, command), in JSON values.

    Raises:
        HarnessError: a cell is undefined, or a number rests on fewer than `fewest` seeds.
    """
    chosen = rows(cells[cells["quantity"].isin(quantities)])
    where = f"golden/{name}/{file}"
    lacking = [one for one in quantities if one not in {row["quantity"] for row in chosen}]
    if lacking:
        raise HarnessError(where, f"nothing was measured of {', '.join(lacking)}")
    for row in chosen:
        _require_sound(row, index, where, fewest)
    words = any(not math.isnan(row["value"]) for row in chosen)
    fields = ("value", "std", "n") if words else ("text",)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["quantity", *index, *fields, "place"])
    for row in chosen:
        levels = [level_text(row[axis]) for axis in index]
        place = f"measured, {row['n']} seeds; see {Path(file).stem}.provenance.json"
        writer.writerow([row["quantity"], *levels, *(_shown(row[one]) for one in fields), place])
    record = json.dumps(provenance, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    target = folder / name / file
    beside = target.with_suffix(".provenance.json")
    make_folder(target.parent)
    write_durably(beside, f"{record}\n".encode())
    write_durably(target, text.getvalue().encode())
    return target, beside


def _require_sound(row: Mapping[str, Any], index: Sequence[str], where: str, fewest: int) -> None:
    levels = ", ".join(f"{axis} {level_text(row[axis])}" for axis in index if level_text(row[axis]))
    cell = f"{row['quantity']} at {levels}"
    if row["why"]:
        raise HarnessError(where, f"{cell} is undefined: {row['why']}")
    if level_text(row["text"]):
        return  # words do not spread: the seeds agree, or the cell would be undefined
    if row["n"] < fewest:
        problem = f"{cell} rests on {row['n']} seeds, at least {fewest} are needed"
        raise HarnessError(where, problem, hint="run it with --set seed=0,1,2,3,4")


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.{DIGITS}f}".rstrip("0").rstrip(".")
    return level_text(value)
