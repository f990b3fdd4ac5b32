"""The places that a predicate speaks of, each with its number or the reason why it has none."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.check.golden import level_text
from harness.check.predicates.level import agrees, as_number, listed, same
from harness.check.predicates.wording import levels
from harness.check.subject import Measured, rows
from harness.spec.claim import Level

Where = Mapping[str, Level | tuple[Level, ...]]


class NoPlaces(Exception):
    """The cells are no such series; the message says why."""


@dataclass(frozen=True)
class Place:
    """Levels along the axes of a predicate; `why` says what is wrong where `value` is NaN."""

    levels: tuple[Any, ...]
    value: float
    unit: str = ""
    why: str = ""

    @property
    def label(self) -> str:
        """Its levels as a reader sees them."""
        return ", ".join(map(str, self.levels))


def places(measured: Measured, quantity: str, along: Sequence[str], where: Where) -> list[Place]:
    """A place for each combination of levels of `along`, in the order of the frame.

    Which levels there should be is known of the grid's axes from what was planned, of the others
    from `where`; of the rest those are taken that occur.

    Raises:
        NoPlaces: several cells at a place, or a quantity that does not vary along an axis.
    """
    found: dict[tuple[str, ...], Place] = {}
    cells = measured.cells[measured.cells["quantity"] == quantity]
    for row in rows(cells):
        if agrees(row, where):
            place = _place(row, quantity, along)
            key = tuple(map(level_text, place.levels))
            if key in found:
                said = f" at {levels(dict(zip(along, place.levels, strict=True)))}" if along else ""
                raise NoPlaces(f"several cells of {quantity}{said}: hold more axes")
            found[key] = place
    lacking = [
        Place(wanted, math.nan, why=f"no {quantity}{_said(along, wanted, where)}")
        for wanted in _expected(measured, along, where)
        if not any(_fits(place.levels, wanted) for place in found.values())
    ]
    return _in_order([*found.values(), *lacking])


def _place(row: Mapping[str, Any], quantity: str, along: Sequence[str]) -> Place:
    at: tuple[Any, ...] = tuple(row.get(axis) for axis in along)
    for axis, level in zip(along, at, strict=True):
        if level_text(level) == "":
            raise NoPlaces(f"{quantity} does not vary with {axis}")
    why = row["why"]
    if not why and math.isnan(row["value"]):
        why = "no number"
    prefix = levels(dict(zip(along, at, strict=True)))
    said = f"{prefix}: {why}" if prefix and why else why
    return Place(at, math.nan if why else float(row["value"]), str(row["unit"]), said)


def _expected(measured: Measured, along: Sequence[str], where: Where) -> Iterator[tuple[Any, ...]]:
    """Levels at which there should be a cell; None, any level, where nothing tells which."""
    points = [point.axes for point in measured.points if agrees(point.axes, where)]
    planned = [axis for axis in along if points and axis in points[0]]
    others = [axis for axis in along if axis not in planned]
    named = [listed(where[axis]) if axis in where else (None,) for axis in others]
    combinations = dict.fromkeys(tuple(axes[axis] for axis in planned) for axes in points)
    for known in combinations or [()]:
        for chosen in itertools.product(*named):
            at = dict(zip((*planned, *others), (*known, *chosen), strict=True))
            yield tuple(at[axis] for axis in along)


def _fits(there: tuple[Any, ...], wanted: tuple[Any, ...]) -> bool:
    return all(b is None or same(a, b) for a, b in zip(there, wanted, strict=True))


def _said(along: Sequence[str], wanted: tuple[Any, ...], where: Where) -> str:
    at = {axis: level for axis, level in zip(along, wanted, strict=True) if level is not None}
    held = at or where
    return f" at {levels(held)}" if held else ""


def _in_order(found: list[Place]) -> list[Place]:
    """Numbers ascending along a single axis; everything else as the frame has it."""
    keyed = [(as_number(level_text(place.levels[0])), place) for place in found if place.levels]
    numbers = [(key, place) for key, place in keyed if key is not None]
    if len(numbers) < len(found) or any(len(place.levels) > 1 for place in found):
        return found
    return [place for _, place in sorted(numbers, key=lambda one: one[0])]
