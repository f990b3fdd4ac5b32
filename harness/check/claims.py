"""The claims of an exhibit, put to the test on its cells."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from harness.check.golden import level_text
from harness.check.ranks import spearman
from harness.check.status import ClaimStatus
from harness.check.subject import Measured, rows
from harness.spec.claim import Claim, Monotone, RankCorrelation

FEWEST = 3  # points; two always lie on a line, so they support no claim about a course

Series = Sequence[tuple[Any, float]]


@dataclass(frozen=True)
class ClaimResult:
    """A claim with its predicate, what was measured, and whether it counts in the verdict."""

    id: str
    text: str
    place: str
    status: ClaimStatus
    why: str
    predicate: str
    measured: str
    counted: bool

    @property
    def sentence(self) -> str:
        """The status as a reader sees it."""
        return self.status.sentence(self.why)


def evaluate(claim: Claim, measured: Measured, *, counted: bool) -> ClaimResult:
    """Evaluate one claim. What cannot be evaluated is UNDEFINED with the reason, never a pass."""
    test = claim.test
    series, why = _series(test, measured)
    status, said = ClaimStatus.UNDEFINED, ""
    if not why:
        holds, said = _TESTS[test.kind](test, series)
        if holds is None:
            why = said
        else:
            status = ClaimStatus.PASS if holds else ClaimStatus.FAIL
    return ClaimResult(
        claim.id, claim.text, claim.place, status, why, predicate(test), said, counted
    )


def predicate(test: RankCorrelation | Monotone) -> str:
    """The predicate as a sentence."""
    held = ", ".join(f"{axis} {level}" for axis, level in test.where.items())
    over = f"{test.quantity} over {test.along}" + (f" at {held}" if held else "")
    if isinstance(test, RankCorrelation):
        bounds = [
            f"{word} {bound:g}"
            for word, bound in (("below", test.below), ("above", test.above))
            if bound is not None
        ]
        return f"Spearman's ρ of {over} is {' and '.join(bounds) or 'defined'}"
    verb = {"falling": "falls", "rising": "rises"}[test.direction]
    return f"{over} {verb if test.holds else f'does not {verb[:-1]}'} at every step"


def _series(test: RankCorrelation | Monotone, measured: Measured) -> tuple[Series, str]:
    """(level, value) along the axis; or why there is no such series."""
    found: dict[Any, float] = {}
    cells = measured.cells[measured.cells["quantity"] == test.quantity]
    for row in rows(cells):
        if not _at(row, test.where):
            continue
        level = row[test.along]
        if level_text(level) == "":
            return [], f"{test.quantity} does not vary with {test.along}"
        if level in found:
            return [], f"several cells of {test.quantity} at {test.along} {level}: hold more axes"
        if row["why"] or math.isnan(row["value"]):
            return [], f"{test.along} {level}: {row['why'] or 'no number'}"
        found[level] = row["value"]
    lacking = [level for level in _expected(test, measured) if level not in found]
    if lacking:
        return [], f"no {test.quantity} at {test.along} {', '.join(map(str, lacking))}"
    if len(found) < FEWEST:
        return [], f"too few points along {test.along} ({len(found)}, at least {FEWEST} are needed)"
    if any(isinstance(level, str) for level in found):
        return list(found.items()), ""
    return sorted(found.items()), ""


def _expected(test: RankCorrelation | Monotone, measured: Measured) -> list[Any]:
    levels = [point.axes[test.along] for point in measured.points if _at(point.axes, test.where)]
    return list(dict.fromkeys(levels))


def _at(row: Mapping[str, Any], where: Mapping[str, Any]) -> bool:
    return all(level_text(row[axis]) in ("", level_text(level)) for axis, level in where.items())


def _rank_correlation(test: RankCorrelation, series: Series) -> tuple[bool | None, str]:
    rho = spearman(range(len(series)), [value for _, value in series])
    if rho is None:
        return None, f"{test.quantity} is the same at every {test.along}, so it has no ranks"
    below = test.below is None or rho < test.below
    above = test.above is None or rho > test.above
    return below and above, f"ρ = {_signed(rho)} over {len(series)} points ({_listed(series)})"


def _monotone(test: Monotone, series: Series) -> tuple[bool | None, str]:
    sign = -1 if test.direction == "falling" else 1
    steps = list(pairwise(series))
    against = [(a, b) for a, b in steps if sign * (b[1] - a[1]) <= 0]
    verb = {"falling": "falls", "rising": "rises"}[test.direction]
    said = f"{verb} at {len(steps) - len(against)} of {len(steps)} steps ({_listed(series)})"
    if against:
        (start, first), (end, second) = against[0]
        said += f"; not from {start} to {end}: {_number(first)} → {_number(second)}"
    return (not against) == test.holds, said


def _listed(series: Series) -> str:
    return ", ".join(f"{level}: {_number(value)}" for level, value in series)


def _number(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


_TESTS: Mapping[str, Callable[[Any, Series], tuple[bool | None, str]]] = {
    "rank_correlation": _rank_correlation,
    "monotone": _monotone,
}
