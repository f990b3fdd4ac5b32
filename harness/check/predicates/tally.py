"""Places at each of which something holds or not: whether enough do, and what a reader is told."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from harness.check.predicates.outcome import Outcome, decided, undefined
from harness.check.predicates.places import Place
from harness.check.predicates.wording import MANY, number


def tally(found: Sequence[Place], holds: Callable[[float], bool], share: float) -> Outcome:
    """Whether `holds` at this share of the places. A place without a number is neither; it leaves
    the whole undefined only where it would decide it."""
    known = [place for place in found if not place.why]
    unknown = [place for place in found if place.why]
    true = [place for place in known if holds(place.value)]
    answer = decided(len(true), len(known) - len(true), len(unknown), share)
    if answer is None:
        return undefined(unknown[0].why if unknown else "there are no such cells")
    said = _said(known, [place for place in known if place not in true])
    if unknown:
        said += f"; {len(unknown)} undefined, as {unknown[0].why}"
    return Outcome(answer, said)


def _said(known: Sequence[Place], against: Sequence[Place]) -> str:
    if len(known) == 1 and not known[0].levels:
        return _shown(known[0])
    said = f"{len(known) - len(against)} of {len(known)}"
    if len(known) <= MANY:
        said += f" ({', '.join(_named(place) for place in known)})"
    else:
        least = min(known, key=lambda place: place.value)
        most = max(known, key=lambda place: place.value)
        middle = sorted(place.value for place in known)[len(known) // 2]
        percent = math.floor(100 * (len(known) - len(against)) / len(known))
        said += f" ({percent} %; least {_named(least)}, most {_named(most)}"
        said += f", median {number(middle, known[0].unit)})"
    if against:
        more = f" and {len(against) - 1} more" if len(against) > 1 else ""
        said += f"; not at {_named(against[0])}{more}"
    return said


def _named(place: Place) -> str:
    return f"{place.label}: {_shown(place)}" if place.levels else _shown(place)


def _shown(place: Place) -> str:
    return number(place.value, place.unit)
