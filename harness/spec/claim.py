"""A sentence of the paper as a predicate over the cells of an exhibit.

Every predicate reads one quantity. `where` holds axes: a level keeps an axis at it, a list of
levels restricts an axis that the predicate runs along. An axis is one that the grid varies or one
that the measure adds, as `layer` or `epsilon`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from harness.parts.base import FrozenMap, Name, Spec

Level = str | int | float
Where = Annotated[
    FrozenMap[Level | tuple[Level, ...]], Field(default_factory=dict, validate_default=True)
]
Axes = Annotated[tuple[Name, ...], Field(default=(), description="none: the quantity at one place")]
Share = Annotated[float, Field(default=1.0, gt=0, le=1, description="of the places, at least")]


class _Test(Spec):
    """What all predicates have in common. A threshold that is not 0 says where it comes from."""

    quantity: Name
    where: Where
    basis: str = ""

    def axes(self) -> tuple[str, ...]:
        """The axes that it runs along."""
        along: str | tuple[str, ...] = getattr(self, "along", ())
        return (along,) if isinstance(along, str) else along

    def held(self) -> tuple[tuple[str, str, Level | tuple[Level, ...]], ...]:
        """(field, axis, level or levels) of all that it holds."""
        return tuple(("where", axis, level) for axis, level in self.where.items())

    def thresholds(self) -> tuple[float, ...]:
        """The numbers that decide it."""
        said = self.__dict__  # asked for a field that it lacks, a model takes its time to say so
        named = (said.get(name) for name in ("below", "above", "margin", "most"))
        return tuple(float(number) for number in named if number is not None)

    @model_validator(mode="after")
    def _is_well_founded(self) -> _Test:
        if any(self.thresholds()) and not self.basis:
            raise ValueError("a threshold other than 0 needs its basis")
        for _, axis, levels in self.held():
            if isinstance(levels, tuple) and axis not in self.axes():
                raise ValueError(f"several levels of {axis!r}, which it does not run along")
            if isinstance(levels, tuple) and not levels:
                raise ValueError(f"an empty list of levels of {axis!r}")
        return self


class RankCorrelation(_Test):
    """Spearman's ρ of the quantity along the axis lies below (or above) a bound."""

    kind: Literal["rank_correlation"]
    along: Name
    below: float | None = Field(default=None, ge=-1, le=1)
    above: float | None = Field(default=None, ge=-1, le=1)


class Monotone(_Test):
    """The quantity falls (or rises) at each step along the axis; `holds = false` denies that."""

    kind: Literal["monotone"]
    along: Name
    direction: Literal["falling", "rising"]
    holds: bool = True


class Bound(_Test):
    """The quantity lies above, below or between bounds: at one place, or along axes at each place
    or at a share of the places."""

    kind: Literal["bound"]
    along: Axes
    above: float | None = None
    below: float | None = None
    share: Share

    @model_validator(mode="after")
    def _is_bounded(self) -> Bound:
        if not self.thresholds():
            raise ValueError("needs a bound: above, below or both")
        if self.above is not None and self.below is not None and self.above >= self.below:
            raise ValueError(f"no number lies above {self.above:g} and below {self.below:g}")
        return self


class Compare(_Test):
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
        if self.most is not None and self.most <= self.margin:
            raise ValueError(f"nothing is more than {self.margin:g} and less than {self.most:g}")
        return self


class Spread(_Test):
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


Predicate = Annotated[
    RankCorrelation | Monotone | Bound | Compare | Spread, Field(discriminator="kind")
]


class Claim(Spec):
    """What the paper says, where, and how it is put to the test."""

    id: Name
    text: str = Field(min_length=1)
    place: str
    test: Predicate
