"""How far a quantity spreads along an axis."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from harness.check.golden import level_text
from harness.check.predicates.outcome import ROUNDING, Outcome, undefined
from harness.check.predicates.places import NoPlaces, Place, places
from harness.check.predicates.tally import tally
from harness.check.predicates.wording import at, each
from harness.check.subject import Measured
from harness.spec.claim import Spread


def sentence(test: Spread) -> str:
    """`accuracy at single_step stage-3 spreads by less than 1 over time_steps`."""
    said = f"{test.quantity}{at(test.where)} spreads by less than {test.below:g} over {test.along}"
    return said + each(test.each, test.share)


def evaluate(test: Spread, measured: Measured) -> Outcome:
    """Whether the largest value less the smallest is below the bound at the share of places."""
    try:
        found = places(measured, test.quantity, test.axes(), test.where)
    except NoPlaces as problem:
        return undefined(str(problem))
    outcome = tally(
        list(_spreads(found, test)), lambda value: value < test.below - ROUNDING, test.share
    )
    said = f"largest − smallest: {outcome.said}" if outcome.said else ""
    return Outcome(outcome.holds, said, outcome.why)


def _spreads(found: Sequence[Place], test: Spread) -> Iterator[Place]:
    """A place for each combination of levels of `each`, with the spread along the axis."""
    groups: dict[tuple[str, ...], list[Place]] = {}
    for place in found:
        groups.setdefault(tuple(map(level_text, place.levels[:-1])), []).append(place)
    for members in groups.values():
        at_each, unit = members[0].levels[:-1], members[0].unit
        values = [place.value for place in members if not place.why]
        spread = max(values) - min(values) if len(values) > 1 else math.nan
        reasons = [place.why for place in members if place.why]
        if spread >= test.below - ROUNDING:  # what is missing could only widen it
            yield Place(at_each, spread, unit)
        elif reasons:
            yield Place(at_each, math.nan, unit, reasons[0])
        elif len(values) < 2:
            yield Place(at_each, math.nan, unit, f"a single level of {test.along} has no spread")
        else:
            yield Place(at_each, spread, unit)
