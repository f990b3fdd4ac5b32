"""The course of a quantity along one axis: its rank correlation, and whether it is monotone."""

from __future__ import annotations

import itertools
import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Literal, Self

from pydantic import Field, model_validator

from harness.parts.base import Name
from harness.spec.claim.predicate import (
    MANY,
    RHO,
    STEPS,
    Outcome,
    Place,
    Places,
    Predicate,
    Undefined,
    bounds,
    require_bounds,
)

FEWEST: Final = 3  # points; two always lie on a line, so they support no claim about a course
EXACT: Final = 7  # values, whose 5,040 orders are all tried
DRAWS: Final = 5_000  # of longer ones
SEED: Final = 0


class Ranked(Predicate):
    """Spearman's ρ against bounds."""

    along: Name
    below: float | None = Field(default=None, gt=-1, lt=1)
    above: float | None = Field(default=None, gt=-1, lt=1)

    @model_validator(mode="after")
    def _is_bounded(self) -> Self:
        require_bounds(self.above, self.below)
        return self

    def bounded(self, rho: float | None) -> bool:
        """Whether ρ keeps to its bounds."""
        if rho is None:
            return False
        below = self.below is None or rho < self.below
        return below and (self.above is None or rho > self.above)


def signed(rho: float) -> str:
    """`−0.90`."""
    return f"{rho:+.2f}".replace("-", "−")


class RankCorrelation(Ranked):
    """Spearman's ρ of the quantity along the axis lies below (or above) a bound."""

    kind: Literal["rank_correlation"]

    def sentence(self) -> str:
        """`Spearman's ρ of gap over width at depth 20 is below 0`."""
        said = bounds(below=self.below, above=self.above)
        return f"Spearman's ρ of {self.quantity} over {self.along}{self.at} is {said}"

    def evaluate(self, places: Places) -> Outcome:
        """Spearman's ρ of the order along the axis and the quantity."""
        series = _series(self, self.along, places)
        rho = spearman(range(len(series)), [place.value for place in series])
        if rho is None:
            why = f"{self.quantity} is the same at every {self.along}, so it has no ranks"
            raise Undefined(why)
        said = f"ρ = {signed(rho)} over {len(series)} points ({_listed(series)})"
        noise = of_orders(
            len(series), lambda order: self.bounded(spearman(range(len(order)), order))
        )
        return Outcome(self.bounded(rho), said, noise=noise, value=rho, of=RHO)


class Monotone(Predicate):
    """The quantity falls (or rises) at each step along the axis; `holds = false` denies that."""

    kind: Literal["monotone"]
    along: Name
    direction: Literal["falling", "rising"]
    holds: bool = True

    @property
    def _verb(self) -> str:
        return {"falling": "falls", "rising": "rises"}[self.direction]

    def sentence(self) -> str:
        """`gap over depth does not fall at every step`."""
        verb = self._verb if self.holds else f"does not {self._verb[:-1]}"
        return f"{self.quantity} over {self.along}{self.at} {verb} at every step"

    def evaluate(self, places: Places) -> Outcome:
        """Each step against the direction; a step without change is none in it."""
        series = _series(self, self.along, places)
        sign = -1 if self.direction == "falling" else 1
        steps = list(itertools.pairwise(series))
        against = [(a, b) for a, b in steps if sign * (b.value - a.value) <= 0]
        kept = len(steps) - len(against)
        said = f"{self._verb} at {kept} of {len(steps)} steps ({_listed(series)})"
        if against:
            start, end = against[0]
            said += f"; not from {start.label} to {end.label}: {start.shown} → {end.shown}"
        noise = of_orders(
            len(series), lambda order: all(b > a for a, b in itertools.pairwise(order))
        )
        noise = noise if self.holds else 1 - noise
        share, of = kept / len(steps), STEPS
        return Outcome((not against) == self.holds, said, noise=noise, value=share, of=of)


def _series(test: Predicate, along: str, places: Places) -> list[Place]:
    """All places along the axis; raises Undefined where they are no course."""
    series = test.complete(places, along)
    if len(series) < FEWEST:
        few = f"({len(series)}, at least {FEWEST} are needed)"
        raise Undefined(f"too few points along {along} {few}")
    return series


def _listed(series: Sequence[Place]) -> str:
    if len(series) > MANY:
        named = [series[0], *(end(series, key=lambda one: one.value) for end in (min, max))]
        first, least, most = (f"{one.label}: {one.shown}" for one in named)
        last = f"{series[-1].label}: {series[-1].shown}"
        return f"first {first}, last {last}, least {least}, most {most}"
    return ", ".join(f"{place.label}: {place.shown}" for place in series)


def ranks(values: Sequence[float]) -> list[float]:
    """Ranks from 1; equal values share the mean of theirs."""
    ordered = sorted(values)
    return [(bisect_left(ordered, one) + 1 + bisect_right(ordered, one)) / 2 for one in values]


def spearman(first: Iterable[float], second: Iterable[float]) -> float | None:
    """Spearman's rank correlation (Spearman 1904): Pearson's of the ranks, ties averaged.

    ρ in −1…1; None where one side is constant, or has fewer than two values: 0/0.
    """
    a, b = ranks(list(first)), ranks(list(second))
    if len(a) != len(b):
        raise ValueError(f"{len(a)} values against {len(b)}")
    mean = (len(a) + 1) / 2  # of ranks, ties or not
    across = sum((x - mean) * (y - mean) for x, y in zip(a, b, strict=True))
    spread = sum((x - mean) ** 2 for x in a) * sum((y - mean) ** 2 for y in b)
    return across / math.sqrt(spread) if spread > 0 else None


def of_orders(values: int, holds: Callable[[Sequence[float]], bool]) -> float:
    """How often a course would be such if there were nothing but noise: the share of the orders of
    so many different values in which `holds`.
    """
    orders: Iterable[Sequence[float]] = itertools.permutations(range(values))
    if values > EXACT:
        import numpy as np  # a plan must not wait for it

        random = np.random.default_rng(SEED)
        orders = (random.permutation(values).tolist() for _ in range(DRAWS))
    found = [holds(order) for order in orders]
    return sum(found) / len(found)
