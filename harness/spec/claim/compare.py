"""A quantity at one place against the same quantity at another."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

from pydantic import Field, model_validator

from harness.parts.base import FrozenMap
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


class Compare(Predicate):
    """The quantity at `high` exceeds that at `low` by more than `margin`, and by less than `most`:
    once, or along axes at each place or at a share of the places."""

    kind: Literal["compare"]
    along: Axes
    high: FrozenMap[Level] = Field(min_length=1)
    low: FrozenMap[Level] = Field(min_length=1)
    margin: float = Field(default=0.0, description="in the unit of the quantity")
    most: float | None = Field(default=None, description="in the unit of the quantity")
    share: Share

    def held(self) -> tuple[tuple[str, str, Level | tuple[Level, ...]], ...]:
        """Also what `high` and `low` hold."""
        sides = (("high", self.high), ("low", self.low))
        mine = ((side, axis, level) for side, where in sides for axis, level in where.items())
        return (*super().held(), *mine)

    @model_validator(mode="after")
    def _compares_two_places(self) -> Compare:
        if self.high == self.low:
            raise ValueError("high and low are the same place")
        if set(self.high) != set(self.low):
            raise ValueError("high and low must hold the same axes")
        for axis in self.high:
            if axis in self.axes() or axis in self.where:
                raise ValueError(f"{axis!r} is held by high and low, so not elsewhere")
        if self.most is None and self.margin < 0:
            raise ValueError("a margin below 0 needs most: what is within both is alike")
        if self.most is not None and self.most <= self.margin:
            raise ValueError(f"nothing is more than {self.margin:g} and less than {self.most:g}")
        return self

    def sentence(self) -> str:
        """`accuracy at depth 20 is larger for neuron relu than for neuron lif`."""
        high, low = levels(self.high), levels(self.low)
        said = f"{self.quantity}{self.at} is larger for {high} than for {low}"
        if self.margin:
            said += f" by more than {self.margin:g}"
        if self.most is not None:
            said += f"{' and' if self.margin else ' by'} less than {self.most:g}"
        return said + at_each(self.along, self.share)

    def evaluate(self, places: Places) -> Outcome:
        """Whether high − low keeps to its bounds, strictly, at the share of places."""
        high, low = (
            {
                tuple(map(str, place.levels)): place
                for place in places(self.quantity, self.along, {**self.where, **side})
            }
            for side in (self.high, self.low)
        )
        keys = dict.fromkeys([*high, *low])
        found = [self._difference(high.get(key), low.get(key)) for key in keys]

        def inside(difference: float) -> bool:
            more = difference > self.margin + ROUNDING
            return more and (self.most is None or difference < self.most - ROUNDING)

        outcome = tally(found, inside, self.share)
        said = f"high − low: {outcome.said}" if outcome.said else ""
        is_sign = self.margin == 0 and self.most is None  # else the size of the noise would decide
        noise = of_coins(len(found), self.share) if is_sign else math.nan
        return replace(outcome, said=said, noise=noise, of=outcome.of or "high − low")

    def _difference(self, high: Place | None, low: Place | None) -> Place:
        """Of a place that either side has."""
        if high is None or low is None:
            there = high or low
            assert there is not None  # noqa: S101 - one of the two has it
            side = levels(self.low if high else self.high)
            why = f"no {self.quantity} at {side} beside {there.label}"
            return Place(there.levels, math.nan, there.unit, why)
        for where, place in ((self.high, high), (self.low, low)):
            if place.why:
                return replace(place, value=math.nan, why=f"{levels(where)}: {place.why}")
        return Place(high.levels, high.value - low.value, high.unit)


def of_coins(places: int, share: float, chance: float = 0.5) -> float:
    """The chance that what noise alone gives at a place by this `chance`, as its sign to a
    difference without a margin, is there at this share of the places."""
    needed = max(1, math.ceil(share * places - ROUNDING))
    return math.fsum(
        math.comb(places, k) * chance**k * (1 - chance) ** (places - k)
        for k in range(needed, places + 1)
    )
