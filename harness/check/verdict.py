"""The verdict on an exhibit: what its cells and claims say together, and verdict.json."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from harness.check.claims import ClaimResult, evaluate
from harness.check.compare import MEASURED_HERE, CellResult, compare
from harness.check.equivalence import together
from harness.check.golden import PUBLISHED
from harness.check.join import Standard
from harness.check.standard import changes, golden_set, standard
from harness.check.status import ClaimStatus, Evidence, ExhibitStatus, Status, Word
from harness.check.subject import Measured
from harness.check.together import Group, seen
from harness.check.word import word_of
from harness.plan.expand import PlannedExhibit
from harness.spec.profile import Profile

OPEN = (Status.MISSING, Status.UNEXPECTED, Status.UNDEFINED, Status.NOT_RUN)


@dataclass(frozen=True)
class Verdict:
    """One exhibit under one profile. `golden` is the set in force, None where nothing is compared.

    `status` compares the numbers as they are and decides a check; `evidence` says how far the seeds
    bear it out (`equivalence`), and `word` says both (`word_of`). `overridden` holds what the user
    changed, as typed, that makes it another measurement; `repacked` says that the data set was not
    the published files; `failures` holds, by key, why runs went wrong.
    """

    exhibit: str
    profile: str
    status: ExhibitStatus
    why: str
    golden: str | None
    cells: tuple[CellResult, ...]
    claims: tuple[ClaimResult, ...]
    overridden: tuple[str, ...]
    repacked: bool
    failures: Mapping[str, str]
    evidence: Evidence
    evidence_why: str
    ranks: tuple[Group, ...] = ()  # tests over the trainings of all exhibits of the command
    asks: tuple[int, ...] = ()  # seeds that would decide what the bands leave open

    @property
    def explanation(self) -> str:
        """The status as a reader sees it."""
        why = self.why or ", ".join(_told(self.cells, self.claims))
        said = self.status.sentence(why)
        return said if why in said else f"{said}: {why}"

    @property
    def word(self) -> Word:
        """The verdict in a word or few."""
        by_ranks = bool(self.ranks)
        return word_of(self.status, self.evidence, self.golden, self.cells, by_ranks=by_ranks)

    @property
    def sees(self) -> str:
        """What a change would have had to be for this verdict to show it; '' where none is known.

        Nothing of it is a constant: spreads are those of the golden values, seeds those of the run.
        """
        return seen(self.ranks, self.cells)

    @property
    def sentence(self) -> str:
        """The verdict on one line: exhibit, word, cells and claims by status."""
        cells = [f"{n} {status.name}" for status, n in self.cell_counts.items()]
        claims = [f"{n} {status.name}" for status, n in self.claim_counts.items()]
        said = f"{self.exhibit}: {self.word} – cells {', '.join(cells) or 'none'}"
        if claims:
            counted = "" if any(claim.counted for claim in self.claims) else " (not counted)"
            said += f"; claims{counted} {', '.join(claims)}"
        said = "; ".join(filter(None, (said, self.why)))
        return f"{said}; {self.sees}" if self.sees and self.status.holds else said

    @property
    def is_broken(self) -> bool:
        """Whether a check must fail."""
        return not self.status.holds

    @property
    def is_undecided(self) -> bool:
        """Whether more seeds would decide."""
        return self.status is ExhibitStatus.UNDECIDED

    @property
    def cell_counts(self) -> dict[Status, int]:
        """Cells by status, statuses in their order, only those that occur."""
        return _counts(Status, (cell.status for cell in self.cells))

    @property
    def evidence_counts(self) -> dict[Evidence, int]:
        """Cells by what their seeds say."""
        return _of(self.cells)

    @property
    def claim_counts(self) -> dict[ClaimStatus, int]:
        """Claims by status, counted or not."""
        return _counts(ClaimStatus, (claim.status for claim in self.claims))


def judge(
    planned: PlannedExhibit,
    measured: Measured,
    profile: Profile,
    golden_folder: Path,
    failures: Mapping[str, str],
) -> Verdict:
    """Hold what was measured against the golden values in force and the claims.

    A claim of the paper counts only where the golden set is the published one: at another scale it
    is evaluated and shown, and a toy that contradicts it says nothing about the paper.

    Raises:
        Faults: a golden file is wrong.
    """
    exhibit = planned.exhibit
    name = golden_set(exhibit, profile)
    changed = changes(planned, name)
    against = standard(exhibit, profile, golden_folder, measured.index, changed)
    cells = compare(measured, against)
    counted = name == PUBLISHED and not changed
    claims = tuple(evaluate(claim, measured, counted=counted) for claim in exhibit.claim)
    expected = exhibit.golden is not None and name is not None and not changed
    status, why = _status(cells, claims, against, measured, golden_is_expected=expected)
    evidence, evidence_why = _evidence(cells, claims, against)
    data = [point.run.dataset for point in planned.points]
    return Verdict(
        exhibit=exhibit.id,
        profile=profile.id,
        status=status,
        why=why,
        golden=against.golden.name if against.golden else None,
        cells=cells,
        claims=claims,
        overridden=changed,
        repacked=any(one.is_repacked for one in data),
        failures={key: failures[key] for key in planned.nodes if key in failures},
        evidence=evidence,
        evidence_why=evidence_why,
    )


def _status(
    cells: Sequence[CellResult],
    claims: Sequence[ClaimResult],
    against: Standard,
    measured: Measured,
    *,
    golden_is_expected: bool,
) -> tuple[ExhibitStatus, str]:
    counted = [claim.status for claim in claims if claim.counted]
    found = {cell.status for cell in cells}
    if Status.FAIL in found or ClaimStatus.FAIL in counted:
        return ExhibitStatus.NOT_REPRODUCED, ""
    if against.golden is None and golden_is_expected:
        return ExhibitStatus.INCOMPLETE, against.why  # a set that is promised and not there
    absent = [point.absence.reason for point in measured.points if point.absence]
    if against.golden is None and absent:
        return ExhibitStatus.INCOMPLETE, absent[0]
    if found & set(OPEN) or ClaimStatus.UNDEFINED in counted:
        return ExhibitStatus.INCOMPLETE, ""
    if against.golden is None and not counted:
        return ExhibitStatus.NOT_COMPARED, against.why
    return ExhibitStatus.REPRODUCED, ""


def _told(cells: Sequence[CellResult], claims: Sequence[ClaimResult]) -> Iterator[str]:
    """How many of the cells that are compared, and of the claims that count, hold or do not."""
    for noun, holds, count in (
        ("cell", "within tolerance", Counter(cell.status.name for cell in cells)),
        ("claim", "borne out", Counter(one.status.name for one in claims if one.counted)),
    ):
        failed, many = count["FAIL"], count["FAIL"] + count["PASS"]
        if many:
            said = f"{many} {noun}{'' if many == 1 else 's'}"
            yield f"{failed} of {said} not {holds}" if failed else f"{said} {holds}"


def _evidence(
    cells: Sequence[CellResult], claims: Sequence[ClaimResult], against: Standard
) -> tuple[Evidence, str]:
    """What all seeds say together. Claims have no margin to be tested by: one that does not hold
    keeps an exhibit from being reproduced, and says no more.
    """
    cells = [cell for cell in cells if not cell.is_derived]  # they say what their sides say
    tested = [cell for cell in cells if cell.uncertainty.status is not Evidence.NOT_TESTED]
    said = together([cell.uncertainty for cell in tested])
    if said is Evidence.NOT_TESTED:
        if against.golden and against.golden.name != PUBLISHED:
            return said, MEASURED_HERE
        return said, against.why or "no published value was met by a run"
    words = [(n, status.word) for status, n in _of(tested).items()]
    why = f"of {len(tested)} tested cells, {', '.join(f'{n} {word}' for n, word in words)}"
    if said is not Evidence.REPRODUCED:
        return said, why
    if len(tested) < len(cells):
        return Evidence.INCONCLUSIVE, f"{why}; {len(cells) - len(tested)} more are not tested"
    failed = [claim for claim in claims if claim.counted and claim.status != ClaimStatus.PASS]
    if failed:
        return Evidence.INCONCLUSIVE, f"{why}; but claim {failed[0].id}: {failed[0].sentence}"
    return said, why


def _of(cells: Sequence[CellResult]) -> dict[Evidence, int]:
    return _counts(Evidence, (cell.uncertainty.status for cell in cells))


def _counts(names: Any, found: Iterable[Enum]) -> dict[Any, int]:
    count = Counter(found)
    return {status: count[status] for status in names if count[status]}
