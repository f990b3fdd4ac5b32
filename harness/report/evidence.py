"""What several seeds say of published values: shown where there is something to show."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.check.compare import CellResult
from harness.check.equivalence import LEVEL
from harness.check.status import Word
from harness.check.verdict import Verdict
from harness.report import wording
from harness.report.marks import of_word
from harness.report.view import Count, EvidenceView


def evidence_view(verdict: Verdict) -> EvidenceView | None:
    """The word on an exhibit and the count of its cells; None where nothing was tested."""
    if verdict.evidence is Word.NOT_TESTED:
        return None
    counts = tuple(Count(n, of_word(word)) for word, n in verdict.evidence_counts.items())
    return EvidenceView(of_word(verdict.evidence), verdict.evidence_why, counts)


def intervals(cells: Sequence[CellResult]) -> str:
    """`90 % interval` where any cell has one or was tested; nothing where no spread is known."""
    for found in (cell.uncertainty for cell in cells):
        if not math.isnan(found.low) or found.is_tested:
            return f"{100 * LEVEL:.0f} % interval"
    return ""


def interval(cell: CellResult) -> str:
    """`89.12 to 90.05`: where the mean lies at the stated level."""
    found = cell.uncertainty
    if math.isnan(found.low):
        return wording.NOTHING
    low, high = (wording.number(end, cell.unit) for end in (found.low, found.high))
    return f"{low} to {high}"


def note(cell: CellResult) -> str:
    """The sentence of the test, where there was one."""
    return cell.uncertainty.sentence if cell.uncertainty.is_tested else ""
