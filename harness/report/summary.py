"""What several exhibits have in common, said once: statuses, errata, deviations, cells of maps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from harness.report.view import Count, ExhibitView, Mark, Shared, SharedDeviation

T = TypeVar("T")


def tallies(marks: Iterable[Mark]) -> tuple[Count, ...]:
    """Exhibits by status, the good ones first."""
    order = ("good", "bad", "open", "calm")
    found = Counter(marks)
    return tuple(
        Count(n, mark) for mark, n in sorted(found.items(), key=lambda it: order.index(it[0].tone))
    )


def errata(views: Sequence[ExhibitView]) -> tuple[Shared, ...]:
    """Errors of the sources, each with the exhibits that it touches."""
    found = _gathered((text, view.id) for view in views for text in view.errata)
    return tuple(Shared(text, exhibits) for text, exhibits in found.items())


def deviations(views: Sequence[ExhibitView]) -> tuple[SharedDeviation, ...]:
    """Settings on which the sources differ, each with the exhibits that it touches."""
    found = _gathered((one, view.id) for view in views for one in view.deviations)
    return tuple(SharedDeviation(one, exhibits) for one, exhibits in found.items())


def packed(views: Sequence[ExhibitView]) -> dict[str, str]:
    """Cells by name: exhibits that share a map share its text."""
    return {name: text for view in views if view.maps for name, text in view.maps.packed.items()}


def _gathered(pairs: Iterable[tuple[T, str]]) -> Mapping[T, tuple[str, ...]]:
    found: dict[T, dict[str, None]] = {}
    for what, exhibit in pairs:
        found.setdefault(what, {})[exhibit] = None
    return {what: tuple(exhibits) for what, exhibits in found.items()}
