"""All assessed exhibits → the page: the verdict first, then the evidence."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence

from harness.canonical import flatten
from harness.check.compare import CellResult
from harness.check.status import Status
from harness.check.verdict import Verdict
from harness.report import marks, summary, wording
from harness.report.assess import Assessed
from harness.report.view import Banner, ExhibitView, Fact, Mark, Page, Problem
from harness.spec.dataset import Cifar
from harness.spec.profile import Profile

FEW = 3  # exhibits that a headline can name
MANY = 6  # cells, or exhibits, that are told one by one
_QUIET = (Status.PASS, Status.NOT_COMPARED)


def page(
    assessed: Sequence[Assessed],
    views: Sequence[ExhibitView],
    profile: Profile,
    command: str,
    made_with: str,
) -> Page:
    """The whole report as values."""
    verdicts = [one.verdict for one in assessed]
    return Page(
        title=f"{wording.listed(verdict.exhibit for verdict in verdicts)} · {profile.id}",
        headline=headline(verdicts),
        mark=_worst(verdicts),
        profile=profile.id,
        profile_title=profile.title,
        command=command,
        banners=tuple(_banners(assessed, profile)),
        tallies=summary.tallies(map(marks.of_verdict, verdicts)),
        problems=(
            *(problem for one in verdicts for problem in _problems(one)),
            *_undrawn(views),
        ),
        errata=summary.errata(views),
        deviations=summary.deviations(views),
        exhibits=tuple(views),
        scale=tuple(_scale(profile)),
        made_with=made_with,
        packed=summary.packed(views),
    )


def headline(verdicts: Sequence[Verdict]) -> str:
    """`table1 reproduced, tableD1 incomplete`; of many, what does not hold, then what does."""
    if len(verdicts) <= FEW:
        return wording.listed(f"{verdict.exhibit} {verdict.word}" for verdict in verdicts)
    told = summary.tallies(map(marks.of_verdict, verdicts))
    first = [one for tone in ("bad", "good", "open") for one in told if one.mark.tone == tone]
    if not first:
        return f"None of {len(verdicts)} exhibits is held against anything"
    said = [f"{one.n} {one.mark.word}" for one in first]
    said[0] = f"{first[0].n} of {len(verdicts)} exhibits {first[0].mark.word}"
    return wording.listed(said)


def _worst(verdicts: Sequence[Verdict]) -> Mark:
    order = ("bad", "open", "calm", "good")
    found = sorted(map(marks.of_verdict, verdicts), key=lambda mark: order.index(mark.tone))
    return found[0] if found else Mark("empty", "○", "calm")


def _banners(assessed: Sequence[Assessed], profile: Profile) -> Iterator[Banner]:
    if profile.banner:
        yield Banner(f"Profile {profile.id}", profile.banner)
    overridden = {one.verdict.exhibit: one.verdict.overridden for one in assessed}
    touched = [exhibit for exhibit, typed in overridden.items() if typed]
    if touched:
        typed = ", ".join(dict.fromkeys(itertools.chain(*overridden.values())))
        what = "nothing here" if len(touched) == len(assessed) else f"of {_few(touched)} nothing"
        text = f"{typed}: {what} is held against golden values, and no claim counts."
        yield Banner("Overridden specs", text)
    repacked = {
        point.run.dataset.name
        for one in assessed
        for point in one.planned.points
        if isinstance(point.run.dataset, Cifar) and point.run.dataset.origin == "repacked"
    }
    if repacked:
        text = (
            f"{wording.listed(sorted(repacked))} was read from files that are not the published "
            "ones; their checksums stand under provenance."
        )
        yield Banner("Repacked data", text)


def _few(exhibits: Sequence[str]) -> str:
    """Their names, as long as they are few."""
    if len(exhibits) > MANY:
        return wording.counted(len(exhibits), "exhibit")
    return wording.listed(exhibits)


def _problems(verdict: Verdict) -> Iterator[Problem]:
    """What is not reproduced, and why: cells one by one as long as they are few."""
    if verdict.is_broken and verdict.why:
        yield Problem(verdict.exhibit, "as a whole", verdict.why, marks.of_verdict(verdict))
    for status in Status:
        cells = [cell for cell in verdict.cells if cell.status is status]
        if status in _QUIET or not cells:
            continue
        mark = marks.CELLS[status]
        if len(cells) <= MANY:
            for cell in cells:
                what = f"{cell.quantity}, {wording.levels(cell.levels)}"
                yield Problem(verdict.exhibit, what, _why(cell), mark)
        else:
            whys = list(dict.fromkeys(cell.sentence for cell in cells))
            said = whys[0] + (f" (and {len(whys) - 1} other reasons)" if whys[1:] else "")
            yield Problem(verdict.exhibit, wording.counted(len(cells), "cell"), said, mark)
    for claim in verdict.claims:
        if claim.counted and claim.status is not Status.PASS:
            what, why = f"claim “{claim.text}”", f"{claim.sentence}. {claim.measured}"
            yield Problem(verdict.exhibit, what, why, marks.CLAIMS[claim.status])


def _undrawn(views: Sequence[ExhibitView]) -> Iterator[Problem]:
    for view in views:
        if view.figure and view.figure.mark is marks.FAILED_DRAWING:
            yield Problem(view.id, "its figure", view.figure.problem, view.figure.mark)


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
