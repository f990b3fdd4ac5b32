"""What several seeds say of published values: shown where there is something to show."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from harness.check.compare import CellResult
from harness.check.equivalence import Uncertainty
from harness.check.status import Evidence
from harness.check.verdict import Verdict
from harness.report import wording
from harness.report.view import Count, EvidenceView, Mark

MARKS: Mapping[Evidence, Mark] = {
    Evidence.REPRODUCED: Mark(Evidence.REPRODUCED.word, "✓", "good"),
    Evidence.NOT_REPRODUCED: Mark(Evidence.NOT_REPRODUCED.word, "✕", "bad"),
    Evidence.INCONCLUSIVE: Mark(Evidence.INCONCLUSIVE.word, "≈", "open"),
    Evidence.NOT_TESTED: Mark(Evidence.NOT_TESTED.word, "·", "calm"),
}


def evidence_view(verdict: Verdict) -> EvidenceView | None:
    """The word on an exhibit and the count of its cells; None where nothing was tested."""
    if verdict.evidence is Evidence.NOT_TESTED:
        return None
    counts = tuple(Count(n, MARKS[status]) for status, n in verdict.evidence_counts.items())
    return EvidenceView(MARKS[verdict.evidence], verdict.evidence_why, counts)


def intervals(cells: Sequence[CellResult]) -> str:
    """`90 % interval` where any cell has one or was tested; nothing where no spread is known."""
    for found in (cell.uncertainty for cell in cells):
        if not math.isnan(found.low) or found.status is not Evidence.NOT_TESTED:
            return f"{found.level:.0%} interval".replace("%", " %")
    return ""


def interval(cell: CellResult) -> str:
    """`89.12 to 90.05`: where the mean lies at the stated level."""
    found: Uncertainty = cell.uncertainty
    if math.isnan(found.low):
        return wording.NOTHING
    low, high = (wording.number(end, cell.unit) for end in (found.low, found.high))
    return f"{low} to {high}"


def note(cell: CellResult) -> str:
    """The sentence of the test, where there was one."""
    tested = cell.uncertainty.status is not Evidence.NOT_TESTED
    return cell.uncertainty.sentence if tested else ""
