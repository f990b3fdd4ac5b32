"""One assessed exhibit → what the page shows of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from harness.check.claims import ClaimResult
from harness.check.compare import compare
from harness.check.golden import PUBLISHED
from harness.check.standard import Standard
from harness.check.verdict import Verdict
from harness.execute.events import Failed
from harness.frames.files import MAPS
from harness.frames.frame import Frame
from harness.plan.expand import Plan
from harness.report import marks, wording
from harness.report.assess import Assessed
from harness.report.charts import charts
from harness.report.deviations import deviations
from harness.report.evidence import evidence_view, intervals
from harness.report.figures import Drawn
from harness.report.learning import curves_view
from harness.report.maps_view import maps_view
from harness.report.pivot import Pivot, pivot, spread
from harness.report.plan_graph import plan_graph
from harness.report.provenance import Manifests, failure_views, provenance
from harness.report.tables import comparison, details, plain, tolerances
from harness.report.view import ClaimView, ExhibitView, Figure, Grid, Link, Listing, Mark
from harness.spec.exhibit import Exhibit
from harness.spec.library import Library
from harness.spec.profile import Profile

_IN_ADDRESSES = " !$'()*+,-./:;=?@_~"  # need no escape there; base64 would add a third to all of it
DOCUMENTS = {"paper": "the paper", "lab": "the lab report"}


def exhibit_view(
    one: Assessed,
    plan: Plan,
    library: Library,
    profile: Profile,
    manifests: Manifests,
    failures: Mapping[str, Failed],
    figure: Drawn | None,
) -> ExhibitView:
    """Everything of one exhibit, formatted."""
    exhibit, verdict, index = one.planned.exhibit, one.verdict, one.frame.index
    layout = pivot(one.planned, index)
    names = quantity_names(exhibit)
    is_held = exhibit.golden is not None or verdict.golden is not None
    # a table without golden values is what its exhibit is for, so it is not folded away
    is_table = is_held or (exhibit.figure is None and one.frame.maps is None)
    document = library.documents[exhibit.id]
    return ExhibitView(
        id=exhibit.id,
        title=exhibit.title,
        source=f"{exhibit.source.place}, {DOCUMENTS[exhibit.source.document]}",
        mark=marks.of_verdict(verdict),
        sentence=verdict.explanation,
        against=against(verdict),
        sees=wording.headed(verdict.sees),
        evidence=evidence_view(verdict),
        cells=marks.counts_of_cells(verdict),
        claims_counts=marks.counts_of_claims(verdict),
        failures=failure_views(one.planned, plan, failures),
        grid=_compared(verdict, layout, names, exhibit.title) if is_table else None,
        tolerances=tolerances(verdict.cells, names),
        details=details(verdict.cells, names) if is_held else (),
        intervals=intervals(verdict.cells),
        more=_more(one.frame, verdict, layout, names, is_table),
        figure=_figure(exhibit, figure),
        maps=maps_view(one.planned, one.frame),
        charts=charts(one.frame, layout),
        curves=curves_view(one.frame.curves, layout),
        claims=tuple(_claim(one, verdict, exhibit.source.document) for one in verdict.claims),
        deviations=deviations(one.planned, library.blocks, profile),
        errata=exhibit.errata,
        notes=exhibit.notes,
        provenance=provenance(one.planned, plan, document, profile, manifests, failures),
        graph=plan_graph(
            one.planned, plan, (key for key, found in manifests.items() if found), failures
        ),
        links=_links(exhibit.id, one.frame, figure),
    )


def _compared(verdict: Verdict, layout: Pivot, names: Mapping[str, str], title: str) -> Grid:
    """The cells of the verdict; a quantity that is the only one is named once, above them."""
    layout = spread(layout, [cell.levels for cell in verdict.cells])
    quantities = {cell.quantity for cell in verdict.cells}
    if len(quantities) > 1 or quantities <= set(names):
        return comparison(verdict, layout, names, title)
    (one,) = quantities
    caption = f"{title}: {wording.quantity(one)}"
    return comparison(verdict, layout, {**names, one: ""}, caption)


def quantity_names(exhibit: Exhibit) -> dict[str, str]:
    """Quantity → word in a row's label; the first one of a measure goes without saying."""
    names = {"accuracy": "", "cell": ""}
    for one in exhibit.derive:
        sides = (wording.level(one.over, side) for side in (one.minuend, one.subtrahend))
        names[one.quantity] = f"{one.quantity} {f' {wording.MINUS} '.join(sides)}"
    return names


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


def _more(
    frame: Frame, verdict: Verdict, layout: Pivot, names: Mapping[str, str], is_table: bool
) -> Listing | None:
    """The quantities that are compared with nothing: beside those that are, or all of them."""
    compared = {cell.quantity for cell in verdict.cells} if is_table else set()
    others = frame.cells[~frame.cells["quantity"].isin(compared | frame.fine)]
    if others.empty:
        return None
    rest = Frame(frame.exhibit, frame.index, frame.runs, others, frame.points, ())
    cells = compare(rest, Standard(None, None, "golden files do not list this quantity"))
    readable = {cell.quantity: wording.quantity(cell.quantity) for cell in cells}
    caption = "Measured too, compared with nothing" if is_table else "What was measured"
    return Listing(caption, plain(cells, layout, {**readable, **names}))


def _figure(exhibit: Exhibit, drawn: Drawn | None) -> Figure | None:
    if drawn is None:
        return None
    if drawn.problem:
        mark = marks.FAILED_DRAWING if drawn.failed else marks.UNDRAWN
        return Figure("", exhibit.title, "", "", mark, drawn.problem)
    svg = re.sub(r">\s+<", "><", re.sub(r"\s+", " ", drawn.svg.decode()))  # indented by matplotlib
    address = "data:image/svg+xml," + quote(svg, safe=_IN_ADDRESSES)
    place = f"{exhibit.id}/{drawn.name}"
    return Figure(address, f"Drawing: {exhibit.title}", f"{place}.svg", f"{place}.png", marks.DRAWN)


def _claim(claim: ClaimResult, verdict: Verdict, document: str) -> ClaimView:
    counted = ""
    mark = marks.CLAIMS[claim.status]
    if not claim.counted:
        mark = Mark(mark.word, mark.symbol, "calm")
        counted = (
            "Evaluated on an overridden spec, not counted."
            if verdict.overridden
            else f"Evaluated at this scale, not counted: {DOCUMENTS[document]} speaks of its own."
        )
    return ClaimView(
        text=claim.text,
        place=claim.place,
        predicate=claim.predicate,
        basis=claim.basis,
        measured=claim.measured,
        noise=claim.by_noise,
        sentence=claim.sentence,
        counted=counted,
        mark=mark,
    )


def _links(exhibit: str, frame: Frame, drawn: Drawn | None) -> tuple[Link, ...]:
    names = ["frame.csv", "frame.json", "verdict.json", "provenance.json"]
    names += [MAPS] if frame.maps is not None else []
    if drawn is not None and not drawn.problem:
        names += [f"{drawn.name}.svg", f"{drawn.name}.png"]
    return tuple(Link(name, f"{exhibit}/{name}") for name in names)
