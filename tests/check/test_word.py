"""The word on an exhibit: never more than its seeds bear out."""

from __future__ import annotations

import re

import pytest

from harness.check.compare import CellResult
from harness.check.equivalence import Uncertainty
from harness.check.status import Status, Word
from harness.check.verdict import word_of
from tests.small import ROOT

REP, NOT, OPEN, *_, UNTESTED = Word


def cell(status: Status, evidence: Word, n: int) -> CellResult:
    """One cell with what its seeds say."""
    found = Uncertainty(evidence, "")
    return CellResult({}, "accuracy", status, n=n, uncertainty=found)


IN, OUT = Status.PASS, Status.FAIL
ONE_IN, ONE_OUT = cell(IN, OPEN, 1), cell(OUT, OPEN, 1)
SURE = cell(IN, REP, 3)
WIDE_IN, WIDE_OUT = cell(IN, OPEN, 3), cell(OUT, OPEN, 3)
FAR = cell(OUT, NOT, 3)
A_WORD = cell(IN, REP, 1)

CASES = [
    (True, REP, "paper", [SURE], "reproduced", "every interval lies inside its margin"),
    (True, REP, "paper", [A_WORD], "reproduced", "what no seed moves needs no second one"),
    (False, NOT, "paper", [SURE, FAR], "not reproduced", "an interval lies outside"),
    (True, OPEN, "paper", [ONE_IN], "within the margins (one seed)", "no spread is known"),
    (True, OPEN, "paper", [ONE_IN, A_WORD], "within the margins (one seed)", "a word beside it"),
    (False, OPEN, "paper", [ONE_IN, ONE_OUT], "outside a margin (one seed)", "nor here"),
    (True, OPEN, "paper", [SURE, WIDE_IN], "inconclusive", "an interval over an end"),
    (False, OPEN, "paper", [SURE, WIDE_OUT], "inconclusive", "the mean is outside, barely"),
    (False, OPEN, "paper", [SURE, FAR, ONE_IN], "inconclusive", "one of many, after Bonferroni"),
    (False, OPEN, "paper", [SURE], "not as claimed", "the cells pass, a claim does not"),
    (False, OPEN, "paper", [ONE_IN], "not as claimed", "so with one seed"),
    (True, UNTESTED, None, [], "as claimed", "a figure prints no numbers: its claims decide"),
    (False, UNTESTED, None, [], "not as claimed", "one of them does not hold"),
    (True, UNTESTED, "smoke", [], "no change seen (bands)", "measured here, and nothing proved"),
    (False, UNTESTED, "smoke", [], "changed", "they guard against change"),
]


@pytest.mark.parametrize(("holds", "evidence", "golden", "cells", "said", "why"), CASES)
def test_the_word_says_what_is_borne_out(
    holds: bool,
    evidence: Word,
    golden: str | None,
    cells: list[CellResult],
    said: str,
    why: str,
) -> None:
    assert word_of(holds, evidence, golden, cells) == said, why


def test_every_word_is_said_of_something() -> None:
    """But those of an exhibit that lacks cells, which `judge` and `settle` say, or was merged."""
    others = {Word.NO_CHANGE_BY_RANKS, Word.UNDECIDED, Word.INCOMPLETE, Word.NOT_TESTED}
    others |= {Word.NOTHING_HELD, Word.NOT_COMPARED, Word.BESIDE, Word.DISPUTED}
    assert {Word(said) for *_, said, _ in CASES} == set(Word) - others


def test_the_page_has_every_word_with_its_exit_code() -> None:
    page = (ROOT / "docs/golden.md").read_text(encoding="utf-8")
    table = page.partition("## The word on an exhibit")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line[:1] == "|"][2:]
    codes: dict[str, set[str]] = {}
    for words, _, _, code in rows:
        several = zip(words.split(", "), code.split(", "), strict=True) if ", " in words else ()
        for word, said in several or [(words, code)]:
            codes[word] = {*re.findall(r"\b[01]\b", said)}
    assert set(codes) == {*Word} - {Word.NOT_TESTED}
    for word in codes:
        ends = {str(int(not holds)) for holds, *_, said, _ in CASES if said == word}
        assert codes[word] == ends or not ends, word
