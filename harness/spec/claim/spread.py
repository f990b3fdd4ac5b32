"""How far a quantity spreads along an axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from pydantic import Field, model_validator

from harness.parts.base import Name
from harness.spec.claim.predicate import (
    ROUNDING,
    Axes,
    Outcome,
    Place,
    Places,
    Predicate,
    Share,
    at_each,
    tally,
)


class Spread(Predicate):
    """Along the axis, the largest value of the quantity less the smallest lies below a bound: once,
    or at each level (or a share of the levels) of further axes."""

    kind: Literal["spread"]
    along: Name
    each: Axes
    below: float = Field(gt=0, description="in the unit of the quantity")
    share: Share

    def axes(self) -> tuple[str, ...]:
        """The axes of `each`, then the one along which the spread is taken."""
        return (*self.each, self.along)

    @model_validator(mode="after")
    def _axes_are_apart(self) -> Spread:
        if self.along in self.each:
            raise ValueError(f"{self.along!r} stands in each and in along")
        return self

    def sentence(self) -> str:
        """`accuracy at one_step_stages stage-3 spreads by less than 1 over time_steps`."""
        said = f"{self.quantity}{self.at} spreads by less than {self.below:g} over {self.along}"
        return said + at_each(self.each, self.share)

    def evaluate(self, places: Places) -> Outcome:
        """Whether the largest value less the smallest is below the bound at the share of places."""
        groups: dict[tuple[str, ...], list[Place]] = {}
        for place in places(self.quantity, self.axes(), self.where):
            groups.setdefault(tuple(map(str, place.levels[:-1])), []).append(place)
        found = [self._spread(members) for members in groups.values()]
        outcome = tally(found, lambda value: value < self.below - ROUNDING, self.share)
        said = outcome.said and f"largest − smallest: {outcome.said}"
        return replace(outcome, said=said, of=outcome.of or "largest − smallest")

    def _spread(self, members: Sequence[Place]) -> Place:
        """The spread along the axis, at one combination of levels of `each`."""
        levels, unit = members[0].levels[:-1], members[0].unit
        values = [place.value for place in members if not place.why]
        reasons = [place.why for place in members if place.why]
        spread = max(values) - min(values) if len(values) > 1 else math.nan
        if spread >= self.below - ROUNDING:  # what is missing could only widen it
            return Place(levels, spread, unit)
        if len(values) < 2:
            reasons.append(f"a single level of {self.along} has no spread")
        if reasons:
            return Place(levels, math.nan, unit, reasons[0])
        return Place(levels, spread, unit)
