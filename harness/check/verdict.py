"""The verdict on an exhibit: what its cells and claims say, then what all of a command say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import TypeVar

from harness.check import equivalence
from harness.check.beside import told
from harness.check.bits import Repeat, repeated
from harness.check.claims import ClaimResult, evaluate
from harness.check.compare import MEASURED_HERE, CellResult, compare
from harness.check.course import Stray
from harness.check.estimate import seed_by_seed
from harness.check.shift import ALPHA_SINGLE, seeds_to_decide
from harness.check.standard import Standard, standard
from harness.check.status import Status, Word
from harness.check.together import Group, is_single, seen, together
from harness.frames.frame import Frame
from harness.layout import PUBLISHED
from harness.plan.course import Course
from harness.plan.expand import PlannedExhibit
from harness.spec.profile import Profile
from harness.store.manifest import Manifest
from harness.words import counted

_SENTENCES: Mapping[Word, str] = {  # of all others it is said whether they hold
    Word.UNDECIDED: "cells lie outside of their bands, and more seeds would decide: {why}",
    Word.INCOMPLETE: (
        "nothing contradicts it, but cells or claims are missing, undefined or unexpected"
    ),
    Word.DISPUTED: "the numbers that were taken hold",
    Word.NOTHING_HELD: "nothing was held, so nothing could fail: {why}",
    Word.BESIDE: "it stands beside the published numbers and is held against nothing, as {why}",
    Word.NOT_COMPARED: "held against nothing: {why}",
}
OTHER_BITS = "other bits on the same class of processor, by the same versions"
_Said = TypeVar("_Said", bound=Enum)


@dataclass(frozen=True)
class Verdict:
    """One exhibit under one profile. `golden` is the set in force, None where nothing is compared.

    `holds` compares the numbers as they are, and is False where they contradict or something is
    missing; a check also fails where nothing `is_held`. `evidence` says how far the seeds bear it
    out (`equivalence`), and `word` says both. `overridden` holds what makes it another measurement,
    as typed; `repacked` says that the data set was not the published files; `failures` holds, by
    key, why runs went wrong; `repeat` says whether runs gave their bits again. `asked` says which
    part of the exhibit this is about, `3 of 18 cells asked for`; nothing of the whole. `strays` are
    trainings that were not where `courses` say that they were known to be, after some epoch.
    `disputed` says of how many of its runs the sources that were merged have other numbers.
    """

    exhibit: str
    profile: str
    word: Word
    holds: bool
    why: str
    golden: str | None
    cells: tuple[CellResult, ...]
    claims: tuple[ClaimResult, ...]
    overridden: tuple[str, ...]
    repacked: bool
    failures: Mapping[str, str]
    evidence: Word
    evidence_why: str
    ranks: tuple[Group, ...] = ()  # tests over the trainings of all exhibits of the command
    asks: tuple[int, ...] = ()  # seeds that would decide what the bands leave open
    repeat: Repeat = field(default_factory=Repeat)
    asked: str = ""
    strays: tuple[Stray, ...] = ()  # trainings that were not where they were known to be
    courses: Mapping[str, Course] = field(default_factory=dict)  # what is known, by settings
    disputed: str = ""

    @property
    def is_held(self) -> bool:
        """Whether anything that counts could have failed."""
        return self.word not in (Word.BESIDE, Word.NOT_COMPARED, Word.NOTHING_HELD)

    @property
    def explanation(self) -> str:
        """What the numbers as they are say, in a sentence."""
        why = self.why or ", ".join(_told(self.cells, self.claims))
        either = "it holds: {why}" if self.holds else "it does not hold: {why}"
        said = _SENTENCES.get(self.word, either).format(why=why)
        said = said if why in said else f"{said}: {why}"
        return "; ".join(filter(None, (self.asked, self.disputed, said)))

    @property
    def name(self) -> str:
        """`table1`, or `table1 (3 of 18 cells asked for)`."""
        return f"{self.exhibit} ({self.asked})" if self.asked else self.exhibit

    @property
    def sees(self) -> str:
        """What a change would have had to be for this verdict to show it; '' where none is known.

        Nothing of it is a constant: spreads are those of the golden values, seeds those of the run.
        """
        return seen(self.ranks, self.cells)

    @property
    def sentence(self) -> str:
        """The verdict on one line: exhibit, word, cells and claims by status."""
        cells = [f"{n} {status.of_cells(n)}" for status, n in self.cell_counts.items()]
        claims = [f"{n} {status.of_claims(n)}" for status, n in self.claim_counts.items()]
        said = f"{self.name}: {self.word} – cells: {', '.join(cells) or 'none'}"
        if claims:
            counted = "" if any(claim.counted for claim in self.claims) else " (not counted)"
            said += f"; claims{counted}: {', '.join(claims)}"
        said = "; ".join(filter(None, (said, self.disputed, self.why)))
        return f"{said}; {self.sees}" if self.sees and self.holds else said

    @property
    def cell_counts(self) -> dict[Status, int]:
        """Cells by status, statuses in their order, only those that occur."""
        return _counts(Status, (cell.status for cell in self.cells))

    @property
    def evidence_counts(self) -> dict[Word, int]:
        """Cells by what their seeds say."""
        return _counts(Word, (cell.uncertainty.word for cell in self.cells))

    @property
    def claim_counts(self) -> dict[Status, int]:
        """Claims by status, counted or not."""
        return _counts(Status, (claim.status for claim in self.claims))


def judge(
    planned: PlannedExhibit,
    measured: Frame,
    profile: Profile,
    goldens: Sequence[Path],
    failures: Mapping[str, str],
    manifests: Sequence[Manifest] = (),
) -> Verdict:
    """Hold what was measured against the golden values in force and the claims; `manifests` are
    those of the stored runs.

    A claim of the paper counts only where the golden set is the published one: at another scale it
    is evaluated and shown, and a toy that contradicts it says nothing about the paper.

    Raises:
        Faults: a golden file is wrong.
    """
    exhibit = planned.exhibit
    against = standard(planned, profile, goldens)
    repeat = Repeat()
    if against.golden and against.provenance:
        repeat = repeated(planned, manifests, against.provenance, against.golden.seeds)
    cells = compare(measured, against, repeats=repeat.exactly)
    counted = against.name == PUBLISHED and not against.changed
    each = seed_by_seed(measured) if exhibit.claim else ()
    claims = tuple(evaluate(one, measured, counted=counted, each=each) for one in exhibit.claim)
    evidence, evidence_why = _evidence(cells, claims, against)
    absent = [point.absence.reason for point in measured.points if point.absence]
    if exhibit.golden and against.name and not against.changed:
        absent = [against.why]  # a set that is promised and not there
    word, holds, why = _folded(cells, claims, against, absent, evidence)
    return Verdict(
        exhibit=exhibit.id,
        profile=profile.id,
        word=word,
        holds=holds,
        why=why,
        golden=against.golden.name if against.golden else None,
        cells=cells,
        claims=claims,
        overridden=against.changed,
        repacked=any(one.is_repacked for one in planned.data),
        failures={key: failures[key] for key in planned.nodes if key in failures},
        evidence=evidence,
        evidence_why=evidence_why,
        repeat=repeat,
        asked=planned.asked,
    )


def _folded(
    cells: Sequence[CellResult],
    claims: Sequence[ClaimResult],
    against: Standard,
    absent: Sequence[str],
    evidence: Word,
) -> tuple[Word, bool, str]:
    """The word, whether it holds, and why where that is not what the cells say themselves."""
    counted = [claim.status for claim in claims if claim.counted]
    found = {*counted, *(cell.status for cell in cells)}
    holds = Status.FAIL not in found
    if holds and against.golden is None and absent:
        return Word.INCOMPLETE, False, absent[0]
    if holds and any(status.is_open for status in found):
        return Word.INCOMPLETE, False, ""
    if holds and against.golden is None and not counted:
        if beside := told(cells):
            return Word.BESIDE, True, f"{against.why}; {beside}"
        return Word.NOT_COMPARED, True, against.why
    if not found & {Status.PASS, Status.FAIL}:
        return Word.NOTHING_HELD, False, _unheld(cells)
    name = against.golden.name if against.golden else None
    return word_of(holds, evidence, name, cells), holds, ""


def _unheld(cells: Sequence[CellResult]) -> str:
    """`of 5 cells, 2 guard nothing, 3 are not compared`."""
    idle = sum(cell.status is Status.IDLE for cell in cells)
    said = [f"{idle} guard nothing"] if idle else []
    said += [f"{len(cells) - idle} are not compared"] if len(cells) > idle else []
    return f"of {counted(len(cells), 'cell')}, {', '.join(said)}" if cells else "there is no cell"


def word_of(holds: bool, evidence: Word, golden: str | None, cells: Sequence[CellResult]) -> Word:
    """The word on an exhibit whose golden set is `golden`, None where claims alone count; of one
    with nothing missing. It says no more than the seeds bear out.

    What was measured here before is not proved to be unchanged: the word says by which test no
    change was seen.

    Only a test that all cells pass makes it `reproduced`, and only one that some cell fails makes
    it `not reproduced`. Where no cell is tested, or none lies outside but a claim does not hold,
    the claims decide. What is left is open: a single seed lies inside or outside of the margins and
    shows no more; several are inconclusive.
    """
    if golden not in (PUBLISHED, None):
        return Word.NO_CHANGE_BY_BANDS if holds else Word.CHANGED
    if evidence in (Word.REPRODUCED, Word.NOT_REPRODUCED):
        return evidence
    is_outside = any(cell.status is Status.FAIL for cell in cells)
    if evidence is Word.NOT_TESTED or not (holds or is_outside):
        return Word.AS_CLAIMED if holds else Word.NOT_AS_CLAIMED
    left_open = (Word.INCONCLUSIVE, Word.NOT_REPRODUCED)
    if all(cell.n == 1 for cell in cells if cell.uncertainty.word in left_open):
        return Word.WITHIN if holds else Word.OUTSIDE
    return Word.INCONCLUSIVE


def _evidence(
    cells: Sequence[CellResult], claims: Sequence[ClaimResult], against: Standard
) -> tuple[Word, str]:
    """What all seeds say together. Claims have no margin to be tested by: one that does not hold
    keeps an exhibit from being reproduced, and says no more.
    """
    cells = [cell for cell in cells if not cell.is_derived]  # they say what their sides say
    tested = [cell.uncertainty for cell in cells if cell.uncertainty.is_tested]
    said = equivalence.together(tested)
    if said is Word.NOT_TESTED:
        if against.golden and against.golden.name != PUBLISHED:
            return said, MEASURED_HERE
        return said, against.why or "no published value was met by a run"
    several = _counts(Word, (one.word for one in tested if not one.is_single)).items()
    words = ", ".join(f"{n} {word}" for word, n in several)
    told_by = ", ".join(filter(None, (words, equivalence.single_runs(tested))))
    why = f"of {len(tested)} tested cells, {told_by}"
    if said is not Word.REPRODUCED:
        return said, why
    if len(tested) < len(cells):
        return Word.INCONCLUSIVE, f"{why}; {len(cells) - len(tested)} more are not tested"
    failed = [claim for claim in claims if claim.counted and claim.status is not Status.PASS]
    if failed:
        return Word.INCONCLUSIVE, f"{why}; but claim {failed[0].id}: {failed[0].sentence}"
    return said, why


def _told(cells: Sequence[CellResult], claims: Sequence[ClaimResult]) -> Iterator[str]:
    """How many of the cells that are compared, and of the claims that count, hold or do not."""
    for noun, holds, count in (
        ("cell", "within tolerance", Counter(cell.status for cell in cells)),
        ("claim", "borne out", Counter(one.status for one in claims if one.counted)),
    ):
        failed, many = count[Status.FAIL], count[Status.FAIL] + count[Status.PASS]
        if many:
            said = f"{many} {noun}{'' if many == 1 else 's'}"
            yield f"{failed} of {said} not {holds}" if failed else f"{said} {holds}"


def _counts(names: type[_Said], found: Iterable[_Said]) -> dict[_Said, int]:
    count = Counter(found)
    return {one: count[one] for one in names if count[one]}


def settle(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """The verdicts, those on values measured here with what the trainings of all of them say by
    ranks.
    """
    every = tuple(verdicts)
    cells = {one.exhibit: one.cells for one in every if one.golden not in (None, PUBLISHED)}
    groups, single = together(cells), sum(is_single(c) for found in cells.values() for c in found)
    return tuple(_settled(v, groups, single) if v.exhibit in cells else v for v in every)


def _settled(verdict: Verdict, groups: Sequence[Group], single: int) -> Verdict:
    """Where a golden file keeps each seed's number, a cell outside of its band is called changed by
    its ranks alone, at a rate that holds for all `single` trainings together; with too few seeds
    for that it asks for more.
    """
    asked = [_asked(cell, single) for cell in verdict.cells]
    pairs = zip(verdict.cells, asked, strict=True)
    cells = tuple(_by_ranks(cell, seeds, single) for cell, seeds in pairs)
    ranks = tuple(group for group in groups if verdict.exhibit in group.exhibits)
    alarms = [group.sentence for group in ranks if group.test.alarms]
    if verdict.repeat.other:
        alarms.append(f"{counted(len(verdict.repeat.other), 'run')} with {OTHER_BITS}")
    asks = sorted({seed for seeds in asked for seed in seeds})
    word, holds, why, statuses = verdict.word, verdict.holds, verdict.why, {c.status for c in cells}
    if alarms:
        word, holds, why = Word.CHANGED, False, "; ".join(alarms)
    elif word is Word.CHANGED and Status.FAIL not in statuses:
        is_open = any(status.is_open for status in statuses)
        word, holds = (Word.INCOMPLETE, False) if is_open else (Word.NO_CHANGE_BY_BANDS, True)
        if asks:
            word, holds, why = Word.UNDECIDED, False, f"seeds {', '.join(map(str, asks))}"
    if word in (Word.NO_CHANGE_BY_BANDS, Word.NOTHING_HELD) and ranks:
        word, holds, why = Word.NO_CHANGE_BY_RANKS, True, ""
    return replace(
        verdict, word=word, holds=holds, why=why, cells=cells, ranks=ranks, asks=tuple(asks)
    )


def strayed(
    verdict: Verdict,
    planned: PlannedExhibit,
    strays: Sequence[Stray],
    courses: Mapping[str, Course],
) -> Verdict:
    """The verdict with those trainings of the exhibit that left their course; where that is no
    chance it does not hold.
    """
    own = tuple(one for one in strays if one.key in planned.nodes)
    verdict = replace(verdict, strays=own, courses=courses)
    if alarms := [one.sentence for one in own if one.alarms]:
        more = f"; and {len(alarms) - 1} more" if len(alarms) > 1 else ""
        said = [*([verdict.why] if verdict.why and not verdict.holds else []), alarms[0] + more]
        return replace(verdict, word=Word.CHANGED, holds=False, why="; ".join(said))
    return verdict


def disputed(verdict: Verdict, planned: PlannedExhibit, contested: Collection[str]) -> Verdict:
    """The verdict of an exhibit on stores that were merged, of which several have the runs with the
    keys `contested` otherwise: what holds of the numbers that were taken may not hold of others.
    """
    several = sum(key in contested for key in planned.nodes)
    if not several:
        return verdict
    said = f"sources disagree on {several} of {counted(len(planned.nodes), 'run')}"
    word = Word.DISPUTED if verdict.holds and verdict.is_held else verdict.word
    return replace(verdict, disputed=said, word=word)


def _asked(cell: CellResult, single: int) -> tuple[int, ...]:
    """The further seeds that would decide a cell which lies outside of its band."""
    if cell.status is not Status.FAIL or cell.again or not is_single(cell) or not cell.training:
        return ()
    design = cell.training.design
    first = max((*cell.seeds, *cell.origin.values)) + 1
    lacking = seeds_to_decide(single, design.golden) - design.fresh
    return tuple(range(first, first + max(0, lacking)))


def _by_ranks(cell: CellResult, asked: Sequence[int], single: int) -> CellResult:
    if cell.status is not Status.FAIL or cell.again or not cell.seeds:
        return cell
    if cell.is_derived:
        why = "it is made of cells that are held themselves"
        return replace(cell, status=Status.APART, why=why)
    if cell.training is None:
        return cell
    if asked:
        fresh = cell.training.design.fresh
        why = f"{fresh} fresh seeds, and {fresh + len(asked)} are needed"
        return replace(cell, status=Status.APART, why=why)
    p = min(1.0, cell.training.p * single)
    why = f"by ranks p = {p:.2g}, times the {single} cells that might have been it"
    return replace(cell, why=why, status=Status.FAIL if p <= ALPHA_SINGLE else Status.APART)
