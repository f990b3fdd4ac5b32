"""Quantities that are made from others: the gap of ANN and SNN, seed by seed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from harness.frames.columns import RUN_COLUMNS
from harness.frames.runs import rows, tidy
from harness.spec.exhibit import Difference

POINTS = "percentage points"


def derived(
    runs: pd.DataFrame, differences: Iterable[Difference], index: Sequence[str]
) -> pd.DataFrame:
    """`runs` with the rows of each difference after its own; a seed that lacks a side has none."""
    made = [row for one in differences for row in _rows(runs, one, index)]
    if not made:
        return runs
    return pd.concat([runs, tidy(made, index, RUN_COLUMNS)], ignore_index=True)


def _rows(
    runs: pd.DataFrame, difference: Difference, index: Sequence[str]
) -> Iterable[dict[str, Any]]:
    """minuend − subtrahend for each pair of runs that differ in nothing but `over`."""
    kept = [name for name in index if name != difference.over]
    of = runs[runs["quantity"] == difference.of]
    sides = {}
    for side in (difference.minuend, difference.subtrahend):
        chosen = of[of[difference.over].astype("string") == side]
        sides[side] = {tuple(row[name] for name in (*kept, "seed")): row for row in rows(chosen)}
    for at, row in sides[difference.minuend].items():
        other = sides[difference.subtrahend].get(at)
        if other is None:
            continue
        why = "; ".join(
            f"{side}: {one['why']}"
            for side, one in ((difference.minuend, row), (difference.subtrahend, other))
            if one["why"]
        )
        yield {
            **dict(zip((*kept, "seed"), at, strict=True)),
            "quantity": difference.quantity,
            "value": math.nan if why else row["value"] - other["value"],
            "unit": POINTS if row["unit"] == "percent" else row["unit"],
            "why": why,
        }
