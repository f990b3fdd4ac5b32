"""A quantity above, below or between bounds."""

from __future__ import annotations

from harness.check.predicates.outcome import Outcome, undefined
from harness.check.predicates.places import NoPlaces, places
from harness.check.predicates.tally import tally
from harness.check.predicates.wording import at, each
from harness.check.subject import Measured
from harness.spec.claim import Bound


def sentence(test: Bound) -> str:
    """`diagonal at depth 20 is above 0.5 at 50 % or more of the levels of layer`."""
    bounds = [
        f"{word} {bound:g}"
        for word, bound in (("above", test.above), ("below", test.below))
        if bound is not None
    ]
    said = f"{test.quantity}{at(test.where)} is {' and '.join(bounds)}"
    return said + each(test.along, test.share)


def evaluate(test: Bound, measured: Measured) -> Outcome:
    """Whether the quantity keeps to its bounds, strictly, at the share of places."""
    try:
        found = places(measured, test.quantity, test.along, test.where)
    except NoPlaces as problem:
        return undefined(str(problem))

    def inside(value: float) -> bool:
        above = test.above is None or value > test.above
        return above and (test.below is None or value < test.below)

    return tally(found, inside, test.share)
