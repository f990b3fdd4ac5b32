"""The claims of an exhibit, put to the test on its cells."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.check.predicates import bound, compare, course, spread
from harness.check.predicates.outcome import Outcome
from harness.check.status import ClaimStatus
from harness.check.subject import Measured
from harness.spec.claim import Claim, Predicate

_STATUS = {
    True: ClaimStatus.PASS,
    False: ClaimStatus.FAIL,
    None: ClaimStatus.UNDEFINED,
}


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
    basis: str
    counted: bool
    noise: float = math.nan  # how often it would hold by noise alone

    @property
    def by_noise(self) -> str:
        """How often noise alone would bear it out; '' where that depends on its size."""
        if math.isnan(self.noise):
            return ""
        return f"noise alone would bear it out in {100 * self.noise:.2g} % of cases"

    @property
    def sentence(self) -> str:
        """The status as a reader sees it."""
        return self.status.sentence(self.why)


def evaluate(claim: Claim, measured: Measured, *, counted: bool) -> ClaimResult:
    """Evaluate one claim. What cannot be evaluated is UNDEFINED with the reason, never a pass."""
    outcome = _KINDS[claim.test.kind].evaluate(claim.test, measured)
    return ClaimResult(
        id=claim.id,
        text=claim.text,
        place=claim.place,
        status=_STATUS[outcome.holds],
        why=outcome.why,
        predicate=predicate(claim.test),
        measured=outcome.said,
        basis=claim.test.basis,
        counted=counted,
        noise=outcome.noise,
    )


def predicate(test: Predicate) -> str:
    """The predicate as a sentence."""
    return _KINDS[test.kind].sentence(test)


@dataclass(frozen=True)
class _Kind:
    """How a kind of predicate is said and evaluated."""

    sentence: Callable[[Any], str]
    evaluate: Callable[[Any, Measured], Outcome]


_KINDS: Mapping[str, _Kind] = {
    "rank_correlation": _Kind(course.correlation_sentence, course.correlation),
    "monotone": _Kind(course.monotone_sentence, course.monotone),
    "bound": _Kind(bound.sentence, bound.evaluate),
    "compare": _Kind(compare.sentence, compare.evaluate),
    "spread": _Kind(spread.sentence, spread.evaluate),
}
