"""The last stage: what is stored → frames, verdicts, figures and the report in out/<profile>/."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import harness
from harness.check.record import junit_xml, verdict_json
from harness.check.verdict import Verdict
from harness.execute.events import Failed
from harness.frames.files import MAPS, frame_csv, frame_json
from harness.frames.recorded import Artifacts
from harness.layout import Layout
from harness.plan.expand import Plan
from harness.report import wording
from harness.report.assess import Assessed, assess
from harness.report.exhibit_view import exhibit_view
from harness.report.figures import Drawn, drawn
from harness.report.page import page
from harness.report.publish import publish
from harness.report.record import provenance_json
from harness.report.render import render
from harness.spec.library import Library
from harness.spec.profile import Profile

REPORT = "report.html"
JUNIT = "verdicts.xml"


@dataclass(frozen=True)
class Written:
    """The verdicts, and by exhibit why its figure could not be drawn."""

    verdicts: tuple[Verdict, ...]
    undrawn: Mapping[str, str]


class Project(Protocol):
    """What a command opened: folders, specs, profile, and the command as typed."""

    @property
    def layout(self) -> Layout: ...
    @property
    def library(self) -> Library: ...
    @property
    def profile(self) -> Profile: ...
    @property
    def command(self) -> str: ...


def write_results(
    project: Project, plan: Plan, artifacts: Artifacts, failures: Mapping[str, Failed]
) -> Written:
    """Assess every exhibit of the plan and write its files, then report.html.

    The same store gives the same bytes: there is no clock in it. Nothing is written unless
    everything but the drawings could be made.

    Raises:
        HarnessError: a golden file is wrong, a stored file lacks a field, or the disk refuses.
    """
    layout, profile = project.layout, project.profile
    reasons = {key: failures.get(one.cause, one).problem for key, one in failures.items()}
    found = assess(plan, profile, artifacts, layout.golden, reasons)
    assessed = sorted(found, key=lambda one: wording.natural(one.planned.exhibit.id))
    out = layout.out / profile.id
    figures = {one.planned.exhibit.id: _figure(one, out) for one in assessed}
    manifests = {key: artifacts.get(key) for key in plan.nodes}
    views = [
        exhibit_view(
            one,
            plan,
            project.library,
            profile,
            manifests,
            failures,
            figures[one.planned.exhibit.id],
        )
        for one in assessed
    ]
    made_with = f"harness {harness.__version__}"
    report = render(page(assessed, views, profile, project.command, made_with))
    files: dict[str, bytes | None] = {}
    for one in assessed:
        files |= _files(one, figures[one.planned.exhibit.id])
        name = one.planned.exhibit.id
        document = project.library.documents[name]
        made_from = provenance_json(one.planned, plan, document, profile, manifests)
        files[f"{name}/provenance.json"] = made_from
    verdicts = tuple(one.verdict for one in assessed)
    publish(out, {**files, JUNIT: junit_xml(verdicts), REPORT: report})
    undrawn = {name: one.problem for name, one in figures.items() if one and one.failed}
    return Written(verdicts, undrawn)


def _figure(one: Assessed, out: Path) -> Drawn | None:
    exhibit = one.planned.exhibit
    if not exhibit.figure:
        return None
    return drawn(exhibit.figure, one.frame.cells, out / exhibit.id, one.frame.maps)


def _files(one: Assessed, figure: Drawn | None) -> dict[str, bytes | None]:
    """What an exhibit has now; None where an earlier one would be of other numbers."""
    made: dict[str, bytes | None] = {
        "frame.csv": frame_csv(one.frame),
        "frame.json": frame_json(one.frame),
        MAPS: one.frame.maps.csv_gz if one.frame.maps is not None else None,
    }
    if figure:
        made |= {name: figure.files.get(name) for name in figure.names}
    made["verdict.json"] = verdict_json(one.verdict)
    return {f"{one.planned.exhibit.id}/{name}": content for name, content in made.items()}
