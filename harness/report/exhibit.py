"""One exhibit, from its verdict to its provenance, as the page shows it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote

from harness.check.claims import ClaimResult
from harness.check.status import Status, Word
from harness.check.verdict import Verdict
from harness.execute.events import Failed
from harness.frames.frame import MAPS, Frame
from harness.layout import PUBLISHED
from harness.parts.base import Deviation
from harness.plan.expand import Plan, PlannedExhibit
from harness.report import table, wording
from harness.report.curves import Chart, Curves, charts, learning
from harness.report.figures import Drawn
from harness.report.graph import PlanGraph, plan_graph
from harness.report.maps import MapsView, maps_view
from harness.report.palette import with_palettes
from harness.report.pivot import Pivot, pivot
from harness.report.provenance import (
    Failure,
    Manifests,
    Provenance,
    deviations,
    failures_of,
    provenance,
)
from harness.report.scale import published_scale, scale_of
from harness.report.wording import Fact, Mark
from harness.spec.exhibit import Exhibit
from harness.spec.library import Library
from harness.spec.profile import Profile
from harness.spec.study import Source

_IN_ADDRESSES = " !$'()*+,-./:;=?@_~"  # need no escape there; base64 would add a third to all of it


class Assessed(NamedTuple):
    """One exhibit with what was measured and what is to be said of it."""

    planned: PlannedExhibit
    frame: Frame
    verdict: Verdict


@dataclass(frozen=True)
class ExhibitView:
    """Everything of one exhibit; numbers of its verdict are formatted where they are shown."""

    exhibit: Exhibit
    verdict: Verdict
    mark: Mark
    source: Source
    is_published: bool  # whether published values of its source are held
    against: str  # which golden values were in force
    failures: tuple[Failure, ...]
    grid: table.Grid | None  # none where there is nothing to hold the numbers against
    is_held: bool  # against golden values, cell by cell
    tolerances: tuple[Fact, ...]
    intervals: str  # what those of the cells are called; nothing where there are none
    more: Fact | None  # quantities that are compared with nothing, as text
    drawn: Drawn | None
    maps: MapsView | None
    charts: tuple[Chart, ...]
    curves: Curves | None
    deviations: tuple[Deviation, ...]
    provenance: Provenance
    graph: PlanGraph
    links: tuple[str, ...]  # names of files of the exhibit

    @property
    def id(self) -> str:
        return self.exhibit.id

    @property
    def names(self) -> table.Names:
        """Quantity → word, of those that need one."""
        return table.names_of(self.exhibit)

    @property
    def by_seeds(self) -> Mark | None:
        """What the seeds say of the published values; None where nothing was tested."""
        said = self.verdict.evidence
        return None if said is Word.NOT_TESTED else wording.of_word(said)

    @property
    def address(self) -> str:
        """Of the drawing, as data: it is part of the page."""
        svg = with_palettes(self.drawn.svg.decode()) if self.drawn else ""
        svg = re.sub(r">\s+<", "><", re.sub(r"\s+", " ", svg))  # indented by matplotlib
        return "data:image/svg+xml," + quote(svg, safe=_IN_ADDRESSES)

    def mark_of(self, claim: ClaimResult) -> Mark:
        """That of a claim, calm where it does not count."""
        mark = wording.CLAIMS[claim.status]
        return mark if claim.counted else mark._replace(tone="calm")

    def counted(self, claim: ClaimResult) -> str:
        """Why a claim does not count; nothing where it does."""
        if claim.counted:
            return ""
        if claim.status is Status.NOT_ASKED:
            return ""
        if self.verdict.overridden:
            return "Evaluated on an overridden spec, not counted."
        if not self.is_published:
            return "Evaluated here, not counted: nothing is published to be verified."
        return f"Evaluated at this scale, not counted: {self.source.name} speaks of its own."


def exhibit_view(
    one: Assessed,
    plan: Plan,
    library: Library,
    profile: Profile,
    manifests: Manifests,
    failures: Mapping[str, Failed],
    drawn: Drawn | None,
) -> ExhibitView:
    """Everything of one exhibit that the page shows."""
    planned, frame, verdict = one
    exhibit, layout = planned.exhibit, pivot(planned)
    is_held = exhibit.golden is not None or verdict.golden is not None
    # a table without golden values is what its exhibit is for, so it is not folded away
    is_table = is_held or (exhibit.figure is None and frame.maps is None)
    document = library.documents[exhibit.id]
    stored = [key for key, found in manifests.items() if found]
    return ExhibitView(
        exhibit=exhibit,
        verdict=verdict,
        mark=wording.of_word(verdict.word),
        source=library.study.documents[exhibit.source.document],
        is_published=exhibit.source.document in library.published,
        against=against(verdict) or beside(planned, verdict, library),
        failures=failures_of(planned, plan, failures),
        grid=table.comparison(verdict, layout, exhibit) if is_table else None,
        is_held=is_held,
        tolerances=table.tolerances(verdict.cells, table.names_of(exhibit)),
        intervals=table.intervals(verdict.cells),
        more=_more(frame, verdict, layout, exhibit, is_table),
        drawn=drawn,
        maps=maps_view(planned, frame),
        charts=charts(frame, layout),
        curves=learning(frame, layout, verdict.courses),
        deviations=deviations(planned, plan, library.blocks, profile),
        provenance=provenance(planned, plan, document, profile, manifests, failures),
        graph=plan_graph(planned, plan, stored, failures),
        links=(
            *("frame.csv", "frame.json", "verdict.json", "provenance.json"),
            *([MAPS] if frame.maps is not None else []),
            *(drawn.pictures if drawn else ()),
        ),
    )


def against(verdict: Verdict) -> str:
    """Which golden values were in force."""
    if verdict.golden == PUBLISHED:
        return "Held against the published values."
    if verdict.golden:
        return (
            f"Held against values measured here before under the profile {verdict.golden}, "
            "not against the published ones."
        )
    return ""  # the status says why


def beside(planned: PlannedExhibit, verdict: Verdict, library: Library) -> str:
    """What it means that the numbers stand beside published ones which other runs made; nothing
    where they do not.
    """
    if verdict.word is not Word.BESIDE:
        return ""
    published = published_scale(planned.exhibit.id, library)
    scale = "; ".join(f"{label} {text}" for label, text in scale_of(planned).beside(published))
    held = verdict.claim_counts.get(Status.PASS, 0)
    but = f", but at this scale {held} of its {len(verdict.claims)} claims hold"
    return (
        f"Beside the published numbers: {scale}. That decides nothing about them, since what they "
        f"were made by was not run{but if verdict.claims else ''}."
    )


def _more(
    frame: Frame, verdict: Verdict, layout: Pivot, exhibit: Exhibit, is_table: bool
) -> Fact | None:
    """The quantities that are compared with nothing: beside those that are, or all of them."""
    compared = {cell.quantity for cell in verdict.cells} if is_table else set()
    others = frame.cells[~frame.cells["quantity"].isin(compared | frame.fine)]
    if others.empty:
        return None
    caption = "Measured too, compared with nothing" if is_table else "What was measured"
    return Fact(caption, table.listing(others, layout, exhibit))
