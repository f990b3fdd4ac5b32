"""Status → word, symbol and tone."""

from __future__ import annotations

from collections.abc import Mapping

from harness.check.status import Status, Word
from harness.check.verdict import Verdict
from harness.report.view import Count, Mark

CELLS: Mapping[Status, Mark] = {
    Status.PASS: Mark("pass", "✓", "good"),
    Status.FAIL: Mark("fail", "✕", "bad"),
    Status.MISSING: Mark("missing", "∅", "open"),
    Status.UNEXPECTED: Mark("unexpected", "+", "open"),
    Status.UNDEFINED: Mark("undefined", "?", "open"),
    Status.NOT_RUN: Mark("not run", "○", "open"),
    Status.NOT_COMPARED: Mark("not compared", "·", "calm"),
    Status.APART: Mark("apart", "≈", "open"),
}
CLAIMS: Mapping[Status, Mark] = {
    Status.PASS: Mark("holds", "✓", "good"),
    Status.FAIL: Mark("does not hold", "✕", "bad"),
    Status.UNDEFINED: Mark("undefined", "?", "open"),
}
DRAWN = Mark("drawn", "✓", "calm")
UNDRAWN = Mark("not drawn", "?", "open")
FAILED_DRAWING = Mark("not drawn", "✕", "bad")
_WORDS: Mapping[Word, tuple[str, str]] = {
    Word.REPRODUCED: ("✓", "good"),
    Word.NOT_REPRODUCED: ("✕", "bad"),
    Word.INCONCLUSIVE: ("≈", "open"),
    Word.WITHIN: ("≈", "good"),
    Word.OUTSIDE: ("✕", "bad"),
    Word.AS_CLAIMED: ("✓", "good"),
    Word.NOT_AS_CLAIMED: ("✕", "bad"),
    Word.NO_CHANGE_BY_RANKS: ("✓", "good"),
    Word.NO_CHANGE_BY_BANDS: ("✓", "good"),
    Word.CHANGED: ("✕", "bad"),
    Word.UNDECIDED: ("◐", "open"),
    Word.INCOMPLETE: ("◐", "open"),
    Word.NOT_COMPARED: ("○", "calm"),
    Word.NOT_TESTED: ("·", "calm"),
}


def of_word(word: Word) -> Mark:
    """The mark of an exhibit, or of what the seeds of a cell say."""
    return Mark(str(word), *_WORDS[word])


def of_verdict(verdict: Verdict) -> Mark:
    """The mark of an exhibit; its word says what kind of golden value was in force."""
    return of_word(verdict.word)


def counts_of_cells(verdict: Verdict) -> tuple[Count, ...]:
    """Cells by status."""
    return tuple(Count(n, CELLS[status]) for status, n in verdict.cell_counts.items())


def counts_of_claims(verdict: Verdict) -> tuple[Count, ...]:
    """Claims by status, those that do not count in a calm tone."""
    plural = {"holds": "hold", "does not hold": "do not hold"}
    counted = any(claim.counted for claim in verdict.claims)
    found = []
    for status, n in verdict.claim_counts.items():
        mark = CLAIMS[status]
        word = mark.word if n == 1 else plural.get(mark.word, mark.word)
        found.append(Count(n, Mark(word, mark.symbol, mark.tone if counted else "calm")))
    return tuple(found)
