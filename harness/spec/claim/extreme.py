"""One level of an axis as that at which a quantity is the largest, or the smallest, of all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field, model_validator

from harness.parts.base import FrozenMap
from harness.spec.claim.compare import of_coins
from harness.spec.claim.predicate import (
    ROUNDING,
    Axes,
    Level,
    Outcome,
    Place,
    Places,
    Predicate,
    Share,
    at_each,
    levels,
    tally,
)

OneLevel = Annotated[
    FrozenMap[Level], Field(default_factory=dict, max_length=1, validate_default=True)
]


class Extreme(Predicate):
    """Of all levels of an axis, the quantity is the largest at `high`, or the smallest at `low`:
    once, or at each level (or a share of the levels) of further axes."""

    kind: Literal["extreme"]
    high: OneLevel
    low: OneLevel
    each: Axes
    share: Share

    @property
    def _side(self) -> tuple[str, str, Level]:
        """`high` or `low`, the axis, and its level; nothing where neither says one."""
        name, held = ("high", self.high) if self.high else ("low", self.low)
        return next(((name, axis, level) for axis, level in held.items()), (name, "", ""))

    def axes(self) -> tuple[str, ...]:
        """The axes of `each`, then the one of whose levels one is the extreme."""
        return (*self.each, self._side[1])

    def held(self) -> tuple[tuple[str, str, Level | tuple[Level, ...]], ...]:
        """Also the level that is the extreme."""
        return (*super().held(), self._side)

    @model_validator(mode="after")
    def _has_one_end(self) -> Extreme:
        if bool(self.high) == bool(self.low):
            raise ValueError("needs high or low, and one of them only")
        if self._side[1] in self.each:
            raise ValueError(f"{self._side[1]!r} stands in each and in {self._side[0]}")
        return self

    def sentence(self) -> str:
        """`diagonal at depth 20 is smallest for width 8, of all levels of width, at each layer`."""
        name, axis, level = self._side
        end = {"high": "largest", "low": "smallest"}[name]
        said = f"{self.quantity}{self.at} is {end} for {axis} {level}, of all levels of {axis}"
        return said + (at_each(self.each, self.share) and f",{at_each(self.each, self.share)}")

    def evaluate(self, places: Places) -> Outcome:
        """Whether the level leads all the others, at the share of places."""
        _, axis, level = self._side
        leading = places(self.quantity, self.axes(), {**self.where, axis: level})
        ends = {tuple(map(str, place.levels)): place for place in leading}
        groups: dict[tuple[str, ...], list[Place]] = {key[:-1]: [] for key in ends}
        for place in places(self.quantity, self.axes(), self.where):
            key = tuple(map(str, place.levels))
            if key not in ends:
                groups.setdefault(key[:-1], []).append(place)
        at = {key[:-1]: place for key, place in ends.items()}
        found = [self._lead(at.get(key), others) for key, others in groups.items()]
        outcome = tally(found, lambda lead: lead > ROUNDING, self.share)
        said = outcome.said and f"lead over the next: {outcome.said}"
        most = max((len(others) for others in groups.values()), default=0)
        noise = of_coins(len(found), self.share, 1 / (1 + most))
        return replace(outcome, said=said, noise=noise, of=outcome.of or "lead over the next")

    def _lead(self, one: Place | None, others: Sequence[Place]) -> Place:
        """By how much the extreme level leads the next of the others, in the wanted direction."""
        name, axis, level = self._side
        if one is None:
            why = f"no {self.quantity} at {levels({axis: level})} beside {others[0].label}"
            return Place(others[0].levels[:-1], math.nan, others[0].unit, why)
        at, sign = one.levels[:-1], 1 if name == "high" else -1
        known = [sign * (one.value - place.value) for place in others if not place.why]
        lead = min((value for value in known if not math.isnan(value)), default=math.nan)
        if lead <= ROUNDING:  # what is missing could not make it the extreme
            return Place(at, lead, one.unit)
        reasons = [place.why for place in (one, *others) if place.why]
        if not others:
            reasons.append(f"a single level of {axis} is no extreme")
        return Place(at, math.nan if reasons else lead, one.unit, next(iter(reasons), ""))
