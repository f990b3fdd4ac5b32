"""All assessed exhibits → the page: the verdict first, then the evidence."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from harness import words
from harness.canonical import flatten
from harness.check.compare import CellResult
from harness.check.status import Status, Word
from harness.check.verdict import Verdict
from harness.parts.base import Deviation
from harness.report import wording
from harness.report.claims import Index
from harness.report.exhibit import Assessed, ExhibitView
from harness.report.wording import Count, Fact, Mark
from harness.spec.profile import Profile
from harness.spec.study import Source
from harness.words import Section

T = TypeVar("T")
FEW = 3  # exhibits that a headline can name
MANY = 6  # cells, or exhibits, that are told one by one
NOTHING = wording.clauses(Word.NOT_COMPARED)
_QUIET = (Status.PASS, Status.NOT_COMPARED, Status.IDLE)


class Problem(NamedTuple):
    """One thing that is not reproduced, and why."""

    exhibit: str
    what: str
    why: str
    mark: Mark


@dataclass(frozen=True)
class Page:
    """The whole report. What several exhibits share is said once, with their names."""

    title: str
    headline: str
    profile: Profile
    command: str
    banners: tuple[Fact, ...]  # what a reader must know before any number
    tallies: tuple[Count, ...]  # exhibits by status
    problems: tuple[Problem, ...]
    errata: Mapping[str, tuple[str, ...]]
    deviations: Mapping[Deviation, tuple[str, ...]]
    exhibits: tuple[ExhibitView, ...]
    sources: tuple[Source, ...]  # that the exhibits are from
    scale: tuple[Fact, ...]
    made_with: str
    study: str
    packed: Mapping[str, str]  # cells of maps, by name: exhibits that share a map share its text
    claims: Index
    first: tuple[Section, ...] = ()  # what is said before all of this


def page(
    assessed: Sequence[Assessed],
    views: Sequence[ExhibitView],
    claims: Index,
    profile: Profile,
    command: str,
    made_with: str,
    study: str,
    otherwise: str = "",
) -> Page:
    """The whole report as values, of the study with this title; `otherwise` says which runs others
    made than would be here.
    """
    verdicts = [one.verdict for one in assessed]
    return Page(
        title=f"{wording.listed(verdict.exhibit for verdict in verdicts)} · {profile.id}",
        headline=headline(verdicts),
        profile=profile,
        command=command,
        banners=tuple(_banners(assessed, profile, otherwise)),
        tallies=_tallies(verdicts),
        problems=(
            *(problem for one in assessed for problem in _problems(one)),
            *(
                Problem(view.id, "its figure", view.drawn.problem, wording.FAILED_DRAWING)
                for view in views
                if view.drawn and view.drawn.failed
            ),
        ),
        errata=_shared((text, view.id) for view in views for text in view.exhibit.errata),
        deviations=_shared((one, view.id) for view in views for one in view.deviations),
        exhibits=tuple(views),
        sources=tuple(dict.fromkeys(view.source for view in views)),
        scale=tuple(_scale(profile)),
        made_with=made_with,
        study=study,
        claims=claims,
        packed={
            name: text for view in views if view.maps for name, text in view.maps.packed.items()
        },
    )


def _tallies(verdicts: Sequence[Verdict]) -> tuple[Count, ...]:
    """Exhibits by status, the good ones first."""
    order = ("good", "bad", "open", "calm")
    found = Counter(wording.of_word(one.word) for one in verdicts)
    counts = (Count(n, mark) for mark, n in found.items())
    return tuple(sorted(counts, key=lambda count: order.index(count.mark.tone)))


def _shared(pairs: Iterable[tuple[T, str]]) -> Mapping[T, tuple[str, ...]]:
    found: dict[T, dict[str, None]] = {}
    for what, exhibit in pairs:
        found.setdefault(what, {})[exhibit] = None
    return {what: tuple(exhibits) for what, exhibits in found.items()}


def headline(verdicts: Sequence[Verdict]) -> str:
    """`table1 and table2 are reproduced, and tableD1 is incomplete`; of many, how many have changed
    or do not hold, then how many do: `Of 5 exhibits, 1 has changed and 4 show no change`.
    """
    order = ("bad", "good", "open", "calm")
    if len(verdicts) > FEW and all(wording.told_by(one) == NOTHING for one in verdicts):
        return f"None of {len(verdicts)} exhibits is held against anything"
    alike: dict[tuple[str, str], list[str]] = {}
    for one in sorted(verdicts, key=lambda one: order.index(wording.of_word(one.word).tone)):
        alike.setdefault(wording.told_by(one), []).append(one.name)
    if len(verdicts) > FEW:
        told = (f"{len(those)}\u00a0{does[len(those) > 1]}" for does, those in alike.items())
        return f"Of {len(verdicts)} exhibits, {wording.listed(told)}"
    *first, last = (f"{wording.listed(n)} {does[len(n) > 1]}" for does, n in alike.items())
    return ", ".join([*first, f"and {last}"]) if first else last


def _banners(assessed: Sequence[Assessed], profile: Profile, otherwise: str) -> Iterator[Fact]:
    if profile.banner:
        yield Fact(f"Profile {profile.id}", profile.banner)
    standing = [one.verdict.exhibit for one in assessed if _has_substitutes(one, profile)]
    if profile.substitute.banner and standing:
        some = "" if len(standing) == len(assessed) else f" That is so in {_few(standing)}."
        yield Fact("Data that stand in", profile.substitute.banner + some)
    overridden = {one.verdict.exhibit: one.verdict.overridden for one in assessed}
    touched = [exhibit for exhibit, typed in overridden.items() if typed]
    if touched:
        typed = ", ".join(dict.fromkeys(itertools.chain(*overridden.values())))
        what = "nothing here" if len(touched) == len(assessed) else f"of {_few(touched)} nothing"
        text = f"{typed}: {what} is held against golden values, and no claim counts."
        yield Fact("Overridden specs", text)
    if parts := [one for one in assessed if one.planned.asked]:
        typed = ", ".join(selected.typed for selected in parts[0].planned.only)
        what = "; ".join(f"{one.planned.exhibit.id}: {one.planned.asked}" for one in parts)
        yield Fact("A part", f"{what} ({typed}). The others stand nowhere in this report.")
    repacked = {data.name for one in assessed for data in one.planned.data if data.is_repacked}
    if repacked:
        text = (
            f"{wording.listed(sorted(repacked))} was read from other files than the published "
            "archives; their checksums stand under provenance."
        )
        yield Fact("Repacked data", text)
    if otherwise:
        yield Fact("Made otherwise", f"{otherwise}. With --fresh they are run anew.")


def _few(exhibits: Sequence[str]) -> str:
    return wording.listed(exhibits) if len(exhibits) <= MANY else f"{len(exhibits)} exhibits"


def _has_substitutes(one: Assessed, profile: Profile) -> bool:
    """Whether a data set that stands in for published ones is in a run of the exhibit."""
    swaps = profile.substitute.dataset
    points = [point for point in one.planned.points if point.data]
    named = ((str(point.levels.get("dataset")), point.measure) for point in points)
    used = {name if what.at_published_size else swaps.get(name, name) for name, what in named}
    return not used.isdisjoint(swaps.values())


def _problems(assessed: Assessed) -> Iterator[Problem]:
    """What is not reproduced, and why: cells one by one as long as they are few."""
    verdict, snn = assessed.verdict, wording.snn_of(assessed.planned.exhibit)
    if not verdict.holds and verdict.why:
        yield Problem(verdict.exhibit, "as a whole", verdict.why, wording.of_word(verdict.word))
    for status in Status:
        cells = [cell for cell in verdict.cells if cell.status is status]
        if status in _QUIET or not cells:
            continue
        mark = wording.CELLS[status]
        if len(cells) <= MANY:
            for cell in cells:
                what = f"{cell.quantity}, {wording.levels(cell.levels, snn)}"
                yield Problem(verdict.exhibit, what, _why(cell), mark)
        else:
            whys = list(dict.fromkeys(cell.sentence for cell in cells))
            said = whys[0] + (f" (and {len(whys) - 1} other reasons)" if whys[1:] else "")
            yield Problem(verdict.exhibit, words.counted(len(cells), "cell"), said, mark)
    for claim in verdict.claims:
        if claim.counted and claim.status is not Status.PASS:
            what, why = f"claim “{claim.text}”", f"{claim.sentence}. {claim.measured}"
            yield Problem(verdict.exhibit, what, why, wording.CLAIMS[claim.status])


def _why(cell: CellResult) -> str:
    """The sentence of a cell, with the numbers where it was compared."""
    if math.isnan(cell.difference):
        return (
            f"{cell.sentence}: {cell.text} instead of {cell.golden}" if cell.text else cell.sentence
        )
    value, off = wording.number(cell.value, cell.unit), wording.signed(cell.difference, cell.unit)
    return f"{cell.sentence}: {value} instead of {cell.golden}, {off} (± {cell.tolerance:.3g})"


def _scale(profile: Profile) -> Iterator[Fact]:
    """What this profile changes about the published setting."""
    for kind in ("dataset", "recipe"):
        swaps: Mapping[str, str] = getattr(profile.substitute, kind)
        for published, used in swaps.items():
            yield Fact(kind, f"{published} → {used}")
    for name, value in flatten(profile.change):
        yield Fact(name, str(value))
    yield Fact("seeds", ", ".join(map(str, profile.seeds)))
    exact = "bitwise repeatable" if profile.numerics.deterministic else "fastest kernels"
    yield Fact("arithmetic", f"{profile.numerics.device}, {exact}")
