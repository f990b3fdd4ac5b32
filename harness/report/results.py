"""The last stage: what is stored → frames, verdicts, figures and the report in out/<profile>/."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

import harness
import paper_figures
from harness.check.record import junit_xml, verdict_json
from harness.check.standard import standard
from harness.check.verdict import Verdict, judge, settle
from harness.errors import Faults, HarnessError
from harness.execute.events import Failed
from harness.files import os_errors
from harness.frames.frame import MAPS, frame_csv, frame_json, frame_of
from harness.frames.recorded import Artifacts
from harness.layout import Layout
from harness.plan.expand import Plan, PlannedExhibit
from harness.report import wording
from harness.report.exhibit import Assessed, exhibit_view
from harness.report.figures import drawn, files_of
from harness.report.page import page
from harness.report.provenance import provenance_json
from harness.report.publish import archive, publish
from harness.report.render import render
from harness.spec.library import Library
from harness.spec.profile import Profile

ARCHIVE = "report.zip"
REPORT = "report.html"
JUNIT = "verdicts.xml"


class Written(NamedTuple):
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
    out, made_with = layout.out / profile.id, f"harness {harness.__version__}"
    manifests = {key: artifacts.get(key) for key in plan.nodes}
    files: dict[str, bytes | None] = {}
    views, undrawn = [], {}
    for one in assessed:
        name = one.planned.exhibit.id
        exhibit, cells, maps = one.planned.exhibit, one.frame.cells, one.frame.maps
        figure = None
        if exhibit.figure:
            figure = drawn(exhibit.figure, cells, out / name, maps, one.planned.held)
        if figure and figure.failed:
            undrawn[name] = figure.problem
        views.append(exhibit_view(one, plan, project.library, profile, manifests, failures, figure))
        document = project.library.documents[name]
        made: dict[str, bytes | None] = {
            "frame.csv": frame_csv(one.frame),
            "frame.json": frame_json(one.frame),
            MAPS: maps.csv_gz if maps is not None else None,
            **files_of(figure, out / name),
            "verdict.json": verdict_json(one.verdict),
            "provenance.json": provenance_json(one.planned, plan, document, profile, manifests),
        }
        files |= {f"{name}/{file}": content for file, content in made.items()}
    report = render(page(assessed, views, profile, project.command, made_with))
    verdicts = tuple(one.verdict for one in assessed)
    publish(out, {**files, JUNIT: junit_xml(verdicts), REPORT: report})
    return Written(verdicts, undrawn)


def assess(
    plan: Plan,
    profile: Profile,
    artifacts: Artifacts,
    golden: Path,
    failures: Mapping[str, str],
) -> tuple[Assessed, ...]:
    """Read what is stored and hold it against the golden values. IO: reads store and golden files.

    `failures` says by key why a run went wrong.

    Raises:
        HarnessError: a golden file is wrong, or a stored file lacks a field.
    """
    frames = [frame_of(planned, artifacts, failures) for planned in plan.exhibits]
    verdicts = settle(
        judge(
            planned,
            frame,
            profile,
            golden,
            failures,
            [found for key in planned.nodes if (found := artifacts.get(key))],
        )
        for planned, frame in zip(plan.exhibits, frames, strict=True)
    )
    return tuple(map(Assessed, plan.exhibits, frames, verdicts))


def faults_beforehand(plan: Plan, profile: Profile, golden: Path) -> Iterator[HarnessError]:
    """What would fail only after the runs: every fault in the golden files and tolerances of these
    exhibits, and in their drawings.

    IO: reads golden files, imports drawings and matplotlib.
    """
    for planned in plan.exhibits:
        yield from golden_faults(planned, profile, golden)
    for name in dict.fromkeys(one.exhibit.figure for one in plan.exhibits):
        if name and (problem := _undrawable(name)):
            yield HarnessError(f"paper_figures/{name}.py", problem)


def zipped(out: Path, plan: Plan) -> Path:
    """Put the report of these exhibits, which was just written, into report.zip; its path.

    Raises:
        HarnessError: a file cannot be read or written.
    """
    with os_errors(out):
        paths = [out / REPORT, out / JUNIT]
        for one in plan.exhibits:
            paths += (path for path in (out / one.exhibit.id).iterdir() if path.name[0] != ".")
        files = {path.relative_to(out).as_posix(): path.read_bytes() for path in paths}
    publish(out, {ARCHIVE: archive(files, out.name)})
    return out / ARCHIVE


def golden_faults(
    planned: PlannedExhibit, profile: Profile, golden: Path
) -> Iterator[HarnessError]:
    """Every fault in the golden file and the tolerances of an exhibit. IO: reads them."""
    try:
        standard(planned, profile, golden)
    except Faults as several:
        yield from several.faults
    except HarnessError as fault:
        yield fault


def _undrawable(name: str) -> str:
    """Why the drawing cannot be imported; '' where it can, or where its settings are at fault."""
    try:
        paper_figures.drawing(name)
    except (LookupError, ImportError, SyntaxError, NameError, TypeError) as error:
        return f"cannot be imported: {type(error).__name__}: {error}"
    except Exception:  # a user's matplotlibrc, say: told in the report, which has the numbers
        return ""
    return ""
