"""Two quantities that rise and fall together."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from harness.parts.base import Name
from harness.spec.claim.course import FEWEST, Ranked, of_orders, signed, spearman
from harness.spec.claim.predicate import (
    RHO,
    Outcome,
    Place,
    Places,
    Undefined,
    bounds,
)


class Agreement(Ranked):
    """Spearman's ρ of two quantities, over the levels of an axis that both have, lies above (or
    below) a bound."""

    kind: Literal["agreement"]
    other: Name = Field(description="the second quantity")

    def quantities(self) -> tuple[str, ...]:
        """Both."""
        return (self.quantity, self.other)

    def sentence(self) -> str:
        """`Spearman's ρ of time_mean and diagonal over layer at time_steps 4 is above 0`."""
        said = bounds(above=self.above, below=self.below)
        both = f"{self.quantity} and {self.other}"
        return f"Spearman's ρ of {both} over {self.along}{self.at} is {said}"

    def evaluate(self, places: Places) -> Outcome:
        """Spearman's ρ over the levels at which there are both."""
        first, second = (
            {str(place.levels[0]): place for place in places(name, [self.along], self.where)}
            for name in self.quantities()
        )
        pairs = [(place, second[level]) for level, place in first.items() if level in second]
        if len(pairs) < FEWEST:
            few = f"({len(pairs)}, at least {FEWEST} are needed)"
            raise Undefined(
                f"too few {self.along}s have both {' and '.join(self.quantities())} {few}"
            )
        for place in (place for pair in pairs for place in pair if place.why):
            raise Undefined(place.why)
        ranked, by = ([place.value for place in side] for side in zip(*pairs, strict=True))
        rho = spearman(ranked, by)
        if rho is None:
            raise Undefined(f"a quantity is the same at every {self.along}, so it has no ranks")
        noise = of_orders(len(by), lambda order: self.bounded(spearman(ranked, order)))
        return Outcome(self.bounded(rho), _said(rho, pairs), noise=noise, value=rho, of=RHO)


def _said(rho: float, pairs: list[tuple[Place, Place]]) -> str:
    least = min(pairs, key=lambda pair: pair[0].value)
    most = max(pairs, key=lambda pair: pair[0].value)
    ends = ", ".join(f"{a.label}: {a.shown} and {b.shown}" for a, b in (least, most))
    return f"ρ = {signed(rho)} over {len(pairs)} points (least and most of the first: {ends})"
