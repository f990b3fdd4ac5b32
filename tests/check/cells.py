"""Cells and planned points in a few words, for tests of predicates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from harness.check.claims import evaluate
from harness.check.status import Status
from harness.frames.cells import CELL_COLUMNS, RUN_COLUMNS, tidy
from harness.frames.frame import Frame
from harness.spec.claim import Claim
from harness.spec.claim.predicate import Outcome, Predicate

Numbers = Mapping[tuple[Any, ...], float | str]
"""Levels, as many as there are axes → value, or why there is none."""


@dataclass(frozen=True)
class Point:
    """A planned point whose run is stored."""

    axes: Mapping[str, Any]
    absence: None = None
    key: str = ""


@dataclass(frozen=True)
class Cells:
    """What a check is given."""

    index: tuple[str, ...]
    cells: pd.DataFrame
    points: Sequence[Point]
    runs: pd.DataFrame = field(default_factory=lambda: tidy([], (), RUN_COLUMNS))
    left_out: Mapping[str, Any] = field(default_factory=dict)
    se: tuple[float, ...] = ()
    is_asked_for = Frame.is_asked_for


def cells(
    axes: Sequence[str],
    numbers: Numbers,
    *,
    grid: Sequence[str] = (),
    missing: Sequence[tuple[Any, ...]] = (),
    unit: str = "",
    quantity: str = "q",
) -> Cells:
    """Cells of one quantity. Planned is every level of `grid` (all axes, where none is named)
    that occurs in `numbers` or, as a point whose cell is not there, in `missing`.
    """
    content = [
        dict(zip(axes, levels, strict=True))
        | {"quantity": quantity, "n": 1, "unit": unit, "text": None}
        | ({"why": said} if isinstance(said, str) else {"why": "", "value": said})
        for levels, said in numbers.items()
    ]
    points = [
        Point({axis: level for axis, level in zip(axes, levels, strict=True) if axis in planned})
        for planned in [grid or axes]
        for levels in [*numbers, *missing]
    ]
    return Cells(tuple(axes), tidy(content, axes, CELL_COLUMNS), points)


def tried(test: Predicate, measured: Cells) -> Outcome:
    """What comes of a claim that makes this test."""
    claim = Claim(id="c", text="It is so.", place="p. 6", test=test)
    found: Any = evaluate(claim, measured, counted=True)  # type: ignore[arg-type]
    holds = {Status.PASS: True, Status.FAIL: False, Status.UNDEFINED: None}[found.status]
    why = found.sentence.partition(": ")[2]
    return Outcome(holds, found.measured, why, found.noise, found.estimate.value)
