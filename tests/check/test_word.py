"""The word on an exhibit: never more than its seeds bear out."""

from __future__ import annotations

import math

import pytest

from harness.check.compare import CellResult
from harness.check.equivalence import Uncertainty
from harness.check.status import Evidence, ExhibitStatus, Status, Word
from harness.check.word import word_of

REP, NOT, OPEN, UNTESTED = Evidence
HOLDS, BROKEN, UNDECIDED, INCOMPLETE, BARE = ExhibitStatus


def cell(status: Status, evidence: Evidence, n: int, low: float = math.nan) -> CellResult:
    """One cell; `low` is a number where the seeds, or a spread known before, give an interval."""
    found = Uncertainty(evidence, low=low, n=n)
    numbers = {"value": 1.0, "std": math.nan, "n": n, "difference": 0.0, "tolerance": 0.5}
    names = ("why", "text", "unit", "golden", "basis", "computed", "place", "published")
    words = dict.fromkeys((*names, "published_place"), "")
    return CellResult(
        levels={}, quantity="accuracy", status=status, uncertainty=found, **numbers, **words
    )


IN, OUT = Status.PASS, Status.FAIL
ONE_IN, ONE_OUT = cell(IN, OPEN, 1), cell(OUT, OPEN, 1)
SURE = cell(IN, REP, 3, 0.9)
WIDE_IN, WIDE_OUT = cell(IN, OPEN, 3, 0.1), cell(OUT, OPEN, 3, 0.1)
FAR = cell(OUT, NOT, 3, 9.0)
A_WORD = cell(IN, REP, 1)

CASES = [
    (HOLDS, REP, "paper", [SURE], "reproduced", "every interval lies inside its margin"),
    (HOLDS, REP, "paper", [A_WORD], "reproduced", "what no seed moves needs no second one"),
    (BROKEN, NOT, "paper", [SURE, FAR], "not reproduced", "an interval lies outside"),
    (HOLDS, OPEN, "paper", [ONE_IN], "within the margins (one seed)", "no spread is known"),
    (HOLDS, OPEN, "paper", [ONE_IN, A_WORD], "within the margins (one seed)", "a word beside it"),
    (BROKEN, OPEN, "paper", [ONE_IN, ONE_OUT], "outside a margin (one seed)", "nor here"),
    (HOLDS, OPEN, "paper", [SURE, WIDE_IN], "inconclusive", "an interval over an end"),
    (BROKEN, OPEN, "paper", [SURE, WIDE_OUT], "inconclusive", "the mean is outside, barely"),
    (BROKEN, OPEN, "paper", [SURE, FAR, ONE_IN], "inconclusive", "one of many, after Bonferroni"),
    (BROKEN, OPEN, "paper", [SURE], "not as claimed", "the cells pass, a claim does not"),
    (BROKEN, OPEN, "paper", [ONE_IN], "not as claimed", "so with one seed"),
    (HOLDS, UNTESTED, None, [], "as claimed", "a figure prints no numbers: its claims decide"),
    (BROKEN, UNTESTED, None, [], "not as claimed", "one of them does not hold"),
    (HOLDS, UNTESTED, "smoke", [], "no change seen (bands)", "measured here, and nothing proved"),
    (HOLDS, UNTESTED, "ranks", [], "no change seen (ranks)", "each seed's number was kept"),
    (BROKEN, UNTESTED, "ranks", [], "changed", "by ranks"),
    (UNDECIDED, UNTESTED, "ranks", [], "more seeds would decide", "a cell outside of its band"),
    (BROKEN, UNTESTED, "smoke", [], "changed", "they guard against change"),
    (INCOMPLETE, REP, "paper", [SURE], "incomplete", "a cell is not there"),
    (INCOMPLETE, UNTESTED, "smoke", [], "incomplete", "at any scale"),
    (BARE, UNTESTED, None, [], "not compared", "nothing to be held against"),
]


@pytest.mark.parametrize(("status", "evidence", "golden", "cells", "said", "why"), CASES)
def test_the_word_says_what_is_borne_out(
    status: ExhibitStatus,
    evidence: Evidence,
    golden: str | None,
    cells: list[CellResult],
    said: str,
    why: str,
) -> None:
    assert word_of(status, evidence, golden, cells, by_ranks=golden == "ranks") == said, why


def test_every_word_is_said_of_something() -> None:
    assert {Word(said) for *_, said, _ in CASES} == set(Word)
