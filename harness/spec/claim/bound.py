"""A quantity above, below or between bounds."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from harness.spec.claim.predicate import (
    Axes,
    Outcome,
    Places,
    Predicate,
    Share,
    at_each,
    bounds,
    require_bounds,
    tally,
)


class Bound(Predicate):
    """The quantity lies above, below or between bounds: at one place, or along axes at each place
    or at a share of the places."""

    kind: Literal["bound"]
    along: Axes
    above: float | None = None
    below: float | None = None
    share: Share

    @model_validator(mode="after")
    def _is_bounded(self) -> Bound:
        require_bounds(self.above, self.below)
        return self

    def sentence(self) -> str:
        """`diagonal at depth 20 is above 0.5 at 50 % or more of the levels of layer`."""
        said = bounds(above=self.above, below=self.below)
        return f"{self.quantity}{self.at} is {said}{at_each(self.along, self.share)}"

    def evaluate(self, places: Places) -> Outcome:
        """Whether the quantity keeps to its bounds, strictly, at the share of places."""

        def inside(value: float) -> bool:
            above = self.above is None or value > self.above
            return above and (self.below is None or value < self.below)

        return tally(places(self.quantity, self.along, self.where), inside, self.share)
