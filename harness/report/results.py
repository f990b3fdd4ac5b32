"""The last stage: what is stored → frames, verdicts, figures and the report in out/<profile>/."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import NamedTuple, Protocol

import harness
import paper_figures
from harness.caches import own_cache
from harness.check.course import read_courses, strays
from harness.check.record import junit_xml, verdict_json
from harness.check.standard import golden_faults
from harness.check.verdict import Verdict, disputed, judge, settle, strayed
from harness.errors import HarnessError
from harness.execute.environment import making
from harness.execute.events import Failed
from harness.frames.frame import MAPS, frame_csv, frame_json, frame_of
from harness.frames.recorded import Artifacts, Without
from harness.layout import Layout
from harness.measures.base import data_of
from harness.plan.expand import Plan
from harness.report import wording
from harness.report.claims import claims_json, index
from harness.report.crate import METADATA, crate, statement
from harness.report.exhibit import Assessed, exhibit_view
from harness.report.figures import drawn, files_of
from harness.report.page import Page, page
from harness.report.places import Places
from harness.report.provenance import Manifests, provenance_json
from harness.report.publish import archive, publish
from harness.report.render import render, render_claims
from harness.spec.document import Document
from harness.spec.library import Library
from harness.spec.profile import Profile
from harness.store.made import Otherwise, made_otherwise
from harness.store.manifest import Manifest
from harness.words import Section

ARCHIVE = "report.zip"
REPORT = "report.html"
JUNIT = "verdicts.xml"
SIGNABLE = "verdicts.intoto.json"
SPEC = "spec.toml"  # of an exhibit, in the archive
CLAIMS, CLAIMS_PAGE = "claims.json", "claims.html"


class Written(NamedTuple):
    """The verdicts, by exhibit why its figure could not be drawn, and how the stored runs were
    made.
    """

    verdicts: tuple[Verdict, ...]
    undrawn: Mapping[str, str]
    otherwise: Otherwise


class FirstSaid(NamedTuple):
    """What a page says before everything else, the files beside it that hold all of it, and the
    keys of runs on which the sources of the store disagree.
    """

    sections: tuple[Section, ...] = ()
    files: Mapping[str, bytes] = {}
    contested: frozenset[str] = frozenset()


NOTHING = FirstSaid()


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
    project: Project,
    plan: Plan,
    artifacts: Artifacts,
    failures: Mapping[str, Failed],
    *,
    as_zip: bool = False,
    first: FirstSaid = NOTHING,
) -> Written:
    """Assess every exhibit of the plan and write its files, then report.html; with `as_zip` also
    report.zip, which holds what was written now and nothing that lay there. What an older run
    stored under a key of `failures` is not read.

    The same store gives the same bytes: there is no clock in it, and no folder of this machine.
    Nothing is written unless everything but the drawings could be made.

    Raises:
        HarnessError: a golden file is wrong, a stored file lacks a field, or the disk refuses.
    """
    layout, profile = project.layout, project.profile
    artifacts = Without(artifacts, failures.keys())
    reasons = {key: failures.get(one.cause, one).problem for key, one in failures.items()}
    found = assess(plan, profile, artifacts, layout.goldens, reasons)
    found = tuple(
        one._replace(verdict=disputed(one.verdict, one.planned, first.contested)) for one in found
    )
    assessed = sorted(found, key=lambda one: wording.natural(one.planned.exhibit.id))
    out, made_with = layout.out / profile.id, f"harness {harness.__version__}"
    manifests = {key: artifacts.get(key) for key in plan.nodes}
    otherwise = made_otherwise(filter(None, manifests.values()), making())
    cache = own_cache()
    records = cache / "drawings" if cache else None
    brought = [one.planned.brought.given for one in assessed if one.planned.brought]
    places = Places(layout, project.command, *(shlex.quote(one.path) for one in brought if one))
    files: dict[str, bytes | None] = {}
    views, undrawn = [], {}
    for one in assessed:
        name, held = one.planned.exhibit.id, one.planned.held
        figure = None
        if asked := one.planned.exhibit.figure:
            kept = (out / name, one.frame.maps, held, records, layout.drawings[0])
            figure = drawn(asked, one.frame.cells, *kept)
        if figure and figure.failed:
            undrawn[name] = figure.problem
        views.append(exhibit_view(one, plan, project.library, profile, manifests, failures, figure))
        own = {**_files(one, project, plan, manifests), **files_of(figure, out / name)}
        files |= {f"{name}/{file}": content for file, content in own.items()}
    verdicts = tuple(one.verdict for one in assessed)
    claims = index(assessed, project.library, plan.nodes, manifests)
    typed, study = places.command(project.command), project.library.study.title
    whole = page(assessed, views, claims, profile, typed, made_with, study, otherwise.sentence)
    files |= {
        **first.files,
        CLAIMS: claims_json(claims, profile.id),
        CLAIMS_PAGE: render_claims(claims, profile),
        JUNIT: junit_xml(verdicts),
        REPORT: render(replace(whole, first=first.sections)),
    }
    told = {name: content and places.of_file(name, content) for name, content in files.items()}
    books = project.library.documents
    specs = {
        name: replace(books[name], text=places(books[name].text))
        for name in (one.planned.exhibit.id for one in assessed)
    }
    sent = {name: content for name, content in told.items() if content is not None}
    told[SIGNABLE] = sent[SIGNABLE] = statement(sent, verdicts, specs.values())
    if as_zip:
        runs = [one for one in manifests.values() if one is not None]
        packed = _archived(out.name, sent, specs, runs, plan, whole)
        told[ARCHIVE] = archive({one: places.of_file(one, text) for one, text in packed.items()})
    publish(out, told)
    return Written(verdicts, undrawn, otherwise)


def _archived(
    root: str,
    files: Mapping[str, bytes],
    specs: Mapping[str, Document],
    runs: Sequence[Manifest],
    plan: Plan,
    whole: Page,
) -> dict[str, bytes]:
    """What report.zip holds: the files below one folder with the specs that they are made of, and
    beside it what the archive is as an RO-Crate; nothing of that where no run can be told of.
    """
    placed = {f"{root}/{name}/{SPEC}": one for name, one in specs.items()}
    sent = {f"{root}/{name}": content for name, content in files.items()}
    sent = {name: content for name, content in sent.items() if PurePath(name).name[0] != "."}
    sent |= {name: one.text.encode() for name, one in placed.items()}
    if not runs:
        return sent
    data = {
        (data.name, data.provenance) for run in runs for data in data_of(plan.nodes[run.key].full)
    }
    sent[METADATA] = crate(
        sent,
        placed,
        runs,
        title=f"{whole.study}: {whole.title}",
        description=f"{whole.headline}. {whole.claims.sentence}.",
        command=whole.command,
        sources=whole.sources,
        data=data,
    )
    return sent


def _files(
    one: Assessed, project: Project, plan: Plan, manifests: Manifests
) -> dict[str, bytes | None]:
    """The files of an exhibit, but for its figure."""
    document, maps = project.library.documents[one.planned.exhibit.id], one.frame.maps
    return {
        "frame.csv": frame_csv(one.frame),
        "frame.json": frame_json(one.frame),
        MAPS: maps.csv_gz if maps is not None else None,
        "verdict.json": verdict_json(one.verdict),
        "provenance.json": provenance_json(one.planned, plan, document, project.profile, manifests),
    }


def assess(
    plan: Plan,
    profile: Profile,
    artifacts: Artifacts,
    goldens: Sequence[Path],
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
            goldens,
            failures,
            [found for key in planned.nodes if (found := artifacts.get(key))],
        )
        for planned, frame in zip(plan.exhibits, frames, strict=True)
    )
    courses = read_courses(goldens, profile.golden)
    gone = strays(plan, artifacts, courses)
    return tuple(
        Assessed(planned, frame, strayed(verdict, planned, gone, courses))
        for planned, frame, verdict in zip(plan.exhibits, frames, verdicts, strict=True)
    )


def faults_beforehand(plan: Plan, profile: Profile, layout: Layout) -> Iterator[HarnessError]:
    """What would fail only after the runs: every fault in the golden files and tolerances of these
    exhibits, and in their drawings.

    IO: reads golden files, imports drawings and matplotlib.
    """
    for planned in plan.exhibits:
        yield from golden_faults(planned, profile, layout.goldens)
    study, *_ = layout.drawings
    for name in dict.fromkeys(one.exhibit.figure for one in plan.exhibits):
        if name and (problem := _undrawable(name, study)):
            path = study / f"{name}.py"
            shown = layout.shown(path) if path.is_file() else f"paper_figures/{name}.py"
            yield HarnessError(name if ":" in name else shown, problem)


def _undrawable(name: str, study: Path) -> str:
    """Why the drawing cannot be imported; '' where it can, or where its settings are at fault."""
    try:
        paper_figures.drawing(name, study)
    except (LookupError, ImportError, SyntaxError, NameError, TypeError) as error:
        return f"cannot be imported: {type(error).__name__}: {error}"
    except Exception:  # a user's matplotlibrc, say: told in the report, which has the numbers
        return ""
    return ""
