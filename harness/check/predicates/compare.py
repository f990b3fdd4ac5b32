"""A quantity at one place against the same quantity at another."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.check.golden import level_text
from harness.check.predicates.noise import of_coins
from harness.check.predicates.outcome import ROUNDING, Outcome, undefined
from harness.check.predicates.places import NoPlaces, Place, Where, places
from harness.check.predicates.tally import tally
from harness.check.predicates.wording import at, each, levels
from harness.check.subject import Measured
from harness.spec.claim import Compare


def sentence(test: Compare) -> str:
    """`accuracy at residual full exceeds that at residual none by more than 1, at each depth`."""
    high, low = levels(test.high), levels(test.low)
    said = f"{test.quantity}{at(test.where)} is larger for {high} than for {low}"
    if test.margin:
        said += f" by more than {test.margin:g}"
    if test.most is not None:
        said += f"{' and' if test.margin else ' by'} less than {test.most:g}"
    return said + each(test.along, test.share)


def evaluate(test: Compare, measured: Measured) -> Outcome:
    """Whether high − low keeps to its bounds, strictly, at the share of places."""
    try:
        found = _differences(test, measured)
    except NoPlaces as problem:
        return undefined(str(problem))

    def inside(difference: float) -> bool:
        more = difference > test.margin + ROUNDING
        return more and (test.most is None or difference < test.most - ROUNDING)

    outcome = tally(found, inside, test.share)
    said = f"high − low: {outcome.said}" if outcome.said else ""
    is_sign = test.margin == 0 and test.most is None  # else the size of the noise would decide
    noise = of_coins(len(found), test.share) if is_sign else math.nan
    return Outcome(outcome.holds, said, outcome.why, noise)


def _differences(test: Compare, measured: Measured) -> Sequence[Place]:
    """The difference at each place that either side has."""
    sides = []
    for side in (test.high, test.low):
        where: Where = {**test.where, **side}
        found = places(measured, test.quantity, test.along, where)
        sides.append({tuple(map(level_text, place.levels)): place for place in found})
    high, low = sides
    return [_difference(high.get(key), low.get(key), test) for key in dict.fromkeys([*high, *low])]


def _difference(high: Place | None, low: Place | None, test: Compare) -> Place:
    there = high or low
    assert there is not None  # noqa: S101 - the keys come from the two sides
    if high is None or low is None:
        side = levels(test.low if high else test.high)
        why = f"no {test.quantity} at {side} beside {there.label}"
        return Place(there.levels, math.nan, there.unit, why)
    for side_levels, place in ((test.high, high), (test.low, low)):
        if place.why:
            said = f"{levels(side_levels)}: {place.why}"
            return Place(place.levels, math.nan, place.unit, said)
    return Place(high.levels, high.value - low.value, high.unit)
