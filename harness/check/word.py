"""The one rule by which an exhibit gets its word, from its status and from what its seeds say.

A check asks for the status alone: whether the means lie inside their margins. The word says no more
than the seeds bear out.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.check.compare import CellResult
from harness.check.golden import PUBLISHED
from harness.check.status import Evidence, ExhibitStatus, Status, Word


def word_of(
    status: ExhibitStatus,
    evidence: Evidence,
    golden: str | None,
    cells: Sequence[CellResult],
    *,
    by_ranks: bool,
) -> Word:
    """The word on an exhibit whose golden set is `golden`; None where claims alone count.

    What was measured here before is not proved to be unchanged: the word says by which test no
    change was seen.

    Only a test that all cells pass makes it `reproduced`, and only one that some cell fails makes
    it `not reproduced`. Where no cell is tested, or none lies outside but a claim does not hold,
    the claims decide. What is left is open: a single seed lies inside or outside of the margins and
    shows no more; several are inconclusive.
    """
    if status is ExhibitStatus.INCOMPLETE:
        return Word.INCOMPLETE
    if status is ExhibitStatus.UNDECIDED:
        return Word.UNDECIDED
    if status is ExhibitStatus.NOT_COMPARED:
        return Word.NOT_COMPARED
    holds = status is ExhibitStatus.REPRODUCED
    if golden not in (PUBLISHED, None):
        seen = Word.NO_CHANGE_BY_RANKS if by_ranks else Word.NO_CHANGE_BY_BANDS
        return seen if holds else Word.CHANGED
    if evidence is Evidence.REPRODUCED:
        return Word.REPRODUCED
    if evidence is Evidence.NOT_REPRODUCED:
        return Word.NOT_REPRODUCED
    is_outside = any(cell.status is Status.FAIL for cell in cells)
    if evidence is Evidence.NOT_TESTED or not (holds or is_outside):
        return Word.AS_CLAIMED if holds else Word.NOT_AS_CLAIMED
    if all(map(_is_single, cells)):
        return Word.WITHIN if holds else Word.OUTSIDE
    return Word.INCONCLUSIVE


def _is_single(cell: CellResult) -> bool:
    """Whether nothing is known of this cell's spread, if it is one that leaves anything open."""
    found = cell.uncertainty
    is_open = found.status in (Evidence.INCONCLUSIVE, Evidence.NOT_REPRODUCED)
    return not is_open or cell.n == 1
