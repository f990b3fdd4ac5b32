"""The course of a quantity along one axis: its rank correlation, and whether it is monotone."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from harness.check.predicates.noise import of_orders
from harness.check.predicates.outcome import Outcome, undefined
from harness.check.predicates.places import NoPlaces, Place, places
from harness.check.predicates.wording import at, number
from harness.check.ranks import spearman
from harness.check.subject import Measured
from harness.spec.claim import Monotone, RankCorrelation

FEWEST = 3  # points; two always lie on a line, so they support no claim about a course


def correlation_sentence(test: RankCorrelation) -> str:
    """`Spearman's ρ of gap over width at depth 20 is below 0`."""
    bounds = [
        f"{word} {bound:g}"
        for word, bound in (("below", test.below), ("above", test.above))
        if bound is not None
    ]
    return f"Spearman's ρ of {_over(test)} is {' and '.join(bounds) or 'defined'}"


def monotone_sentence(test: Monotone) -> str:
    """`gap over depth does not fall at every step`."""
    verb = {"falling": "falls", "rising": "rises"}[test.direction]
    return f"{_over(test)} {verb if test.holds else f'does not {verb[:-1]}'} at every step"


def correlation(test: RankCorrelation, measured: Measured) -> Outcome:
    """Spearman's ρ of the order along the axis and the quantity."""
    series = _series(test, measured)
    if isinstance(series, Outcome):
        return series
    rho = spearman(range(len(series)), [place.value for place in series])
    if rho is None:
        return undefined(f"{test.quantity} is the same at every {test.along}, so it has no ranks")
    signed = f"{rho:+.2f}".replace("-", "−")
    said = f"ρ = {signed} over {len(series)} points ({_listed(series)})"
    noise = of_orders(len(series), lambda order: _keeps(test, spearman(range(len(order)), order)))
    return Outcome(_keeps(test, rho), said, noise=noise)


def _keeps(test: RankCorrelation, rho: float | None) -> bool:
    """Whether ρ keeps to its bounds."""
    if rho is None:
        return False
    return (test.below is None or rho < test.below) and (test.above is None or rho > test.above)


def monotone(test: Monotone, measured: Measured) -> Outcome:
    """Each step against the direction; a step without change is none in it."""
    series = _series(test, measured)
    if isinstance(series, Outcome):
        return series
    sign = -1 if test.direction == "falling" else 1
    steps = list(pairwise(series))
    against = [(a, b) for a, b in steps if sign * (b.value - a.value) <= 0]
    verb = {"falling": "falls", "rising": "rises"}[test.direction]
    said = f"{verb} at {len(steps) - len(against)} of {len(steps)} steps ({_listed(series)})"
    if against:
        start, end = against[0]
        said += f"; not from {start.label} to {end.label}: {_shown(start)} → {_shown(end)}"
    ordered = of_orders(len(series), lambda order: all(b > a for a, b in pairwise(order)))
    return Outcome((not against) == test.holds, said, noise=ordered if test.holds else 1 - ordered)


def _series(test: RankCorrelation | Monotone, measured: Measured) -> Sequence[Place] | Outcome:
    """All places along the axis; or why they are no course."""
    try:
        series = places(measured, test.quantity, (test.along,), test.where)
    except NoPlaces as problem:
        return undefined(str(problem))
    for place in series:
        if place.why:
            return undefined(place.why)
    if len(series) < FEWEST:
        few = f"({len(series)}, at least {FEWEST} are needed)"
        return undefined(f"too few points along {test.along} {few}")
    return series


def _over(test: RankCorrelation | Monotone) -> str:
    return f"{test.quantity} over {test.along}{at(test.where)}"


def _listed(series: Sequence[Place]) -> str:
    return ", ".join(f"{place.label}: {_shown(place)}" for place in series)


def _shown(place: Place) -> str:
    return number(place.value, place.unit)
