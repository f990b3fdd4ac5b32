"""What happens between a command and its result: open → plan → survey → run → assess → report.

`reproduce` is all of it, in this order; each stage hands its value to the next.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from harness.errors import ExitCode, Faults, HarnessError
from harness.execute.environment import environment
from harness.execute.events import Failed
from harness.execute.executor import Crew, MakeJob, Queue
from harness.execute.job import Job
from harness.execute.survey import Survey, executor_for, survey
from harness.layout import Layout, refuse_unwritable
from harness.plan.course import Course, settings_of
from harness.plan.estimate import Basis
from harness.plan.expand import Plan, expand, refuse_idle
from harness.plan.node import Node
from harness.plan.resolve import Setting
from harness.plan.selection import narrowed
from harness.runs import data_folder
from harness.spec.library import Library, read
from harness.spec.overrides import Override, Selected, check_overrides
from harness.spec.profile import Profile
from harness.store.faults import Fault
from harness.store.made import Otherwise
from harness.store.store import Store
from harness.store.studies import record_study
from harness.terminal.board import Board, screen_for
from harness.terminal.costs import to_do
from harness.terminal.output import Voice, console, warn
from harness.words import duration

if TYPE_CHECKING:
    from harness.check.verdict import Verdict  # brings pandas
    from harness.report.results import FirstSaid

FEW = 3  # runs that a line names
NONE_ASKED = "none of their cells were asked for"
SET_ASIDE = "and run anew; what there was goes into quarantine/"


@dataclass(frozen=True)
class Project:
    """Specs, folders and the setting that a command chose."""

    layout: Layout
    library: Library
    setting: Setting
    command: str
    fresh: bool = False  # what is stored is run anew
    spared: Collection[str] = ()  # but for these, which were
    only: tuple[Selected, ...] = ()  # which cells of the exhibits; none: all

    @property
    def profile(self) -> Profile:
        return self.setting.profile

    @property
    def store(self) -> Store:
        return Store(self.layout.store)

    @property
    def out(self) -> Path:
        """The folder of this profile's results."""
        return self.layout.out / self.profile.id

    @property
    def requested(self) -> dict[str, Any]:
        """What the user typed, for the record of every run."""
        typed = [override.typed for override in self.setting.overrides]
        return {"command": self.command, "profile": self.profile.id, "set": typed}


@dataclass(frozen=True)
class Outcome:
    """What came of a plan: `faults` are golden files of exhibits that could not be assessed, `asks`
    the seeds by exhibit that would decide it, `unheld` exhibits of which nothing could have failed.
    """

    failed: bool  # a run, or a drawing
    broken: bool  # a golden value, a counted claim, or a bit that should not have changed
    faults: tuple[HarnessError, ...]
    asks: Mapping[str, tuple[int, ...]]
    unheld: tuple[str, ...] = ()
    otherwise: Otherwise = field(default_factory=Otherwise)  # how what was stored before was made

    @property
    def code(self) -> ExitCode:
        """Of a command that makes results, whatever they say."""
        return ExitCode.RUN_FAILED if self.failed else ExitCode.OK

    @property
    def check_code(self) -> ExitCode:
        """Of a command that judges them: what does not hold counts more than what failed, and that
        more than what others have made. Nothing held is nothing that holds.
        """
        if self.broken or self.unheld:
            return ExitCode.CHECK_FAILED
        return self.code or (ExitCode.MADE_OTHERWISE if self.otherwise else ExitCode.OK)


def reproduce(project: Project, plan: Plan, crew: Crew, voice: Voice) -> Outcome:
    """Run what of a plan is missing, write what came of it."""
    began = time.monotonic()
    held = survey(plan, project.layout, _anew(project, plan), bytewise=True)
    warn_broken(held.broken, SET_ASIDE)
    refuse_unwritable(project.out, "--out")
    refuse_broken(project, held)
    if held.otherwise:
        voice.say(f"{held.otherwise.sentence}; --fresh runs them anew", "yellow")
    failures = run(project, held, crew, voice)
    outcome = replace(report(project, plan, failures, voice), otherwise=held.otherwise)
    ran = len(held.todo) - len(failures)
    voice.tell(
        f"{ran} nodes run, {len(held.stored)} stored before, {len(failures)} failed, "
        f"{duration(time.monotonic() - began)}"
    )
    return outcome


def with_check_seeds(project: Project, names: Sequence[str]) -> Project:
    """With the seeds that ranks need, of exhibits whose golden values keep each seed's number;
    what the user typed stays as it is.
    """
    from harness.check.standard import keeps_seeds  # brings pandas

    profile, goldens = project.profile, project.layout.goldens
    if project.setting.overrides or not profile.check_seeds:
        return project
    exhibits = map(project.library.exhibit, project.library.named(names))
    kept = [one.id for one in exhibits if keeps_seeds(one, profile, goldens)]
    return _with_seeds(project, dict.fromkeys(kept, profile.check_seeds))


def check(project: Project, names: Sequence[str], plan: Plan, crew: Crew, voice: Voice) -> Outcome:
    """As `reproduce`; and once more with the seeds that would decide, where cells lie outside of
    their bands and the user set no seeds.
    """
    outcome = reproduce(project, plan, crew, voice)
    is_set = any(override.name == "seed" for override in project.setting.overrides)
    if outcome.asks and not outcome.failed and not is_set:
        voice.tell(f"more seeds decide {', '.join(outcome.asks)}, which lie outside of bands")
        seeds = dict(project.setting.seeds)
        for name, asked in outcome.asks.items():
            seeds[name] = (*project.setting.seeds_of(name), *asked)
        more = replace(_with_seeds(project, seeds), spared=plan.nodes.keys())
        outcome = reproduce(more, make_plan(more, names), crew, voice)
    if outcome.unheld:
        said = "nothing was held that could have failed, so this check does not pass"
        voice.say(f"{', '.join(outcome.unheld)}: {said}", "red")
    return outcome


def _with_seeds(project: Project, seeds: Mapping[str, tuple[int, ...]]) -> Project:
    return replace(project, setting=replace(project.setting, seeds=seeds))


def open_project(
    layout: Layout,
    *,
    profile: str,
    overrides: Sequence[Override] = (),
    only: Sequence[Selected] = (),
    repacked: bool = False,
    weights: Path | None = None,
    command: str = "",
) -> Project:
    """Read and check every spec, and what was typed. IO: the specs, and the checksum of a file of
    AlexNet's weights if one is named.

    Raises:
        HarnessError: anything wrong in any spec or override.
    """
    library = read(layout)
    check_overrides(overrides, library.blocks)
    given = data_folder.given_weights(weights) if weights else None
    chosen = library.profile(profile)
    files = layout.project, layout.data
    setting = Setting(library.blocks, chosen, tuple(overrides), repacked, given, files=files)
    return Project(layout, library, setting, command, only=tuple(only))


def make_plan(project: Project, names: Sequence[str]) -> Plan:
    """The plan of the exhibits named, as `Library.named` takes them.

    Raises:
        HarnessError: an unknown exhibit, or what was typed makes no valid run, or changes nothing,
            or selects nothing.
    """
    plan = expand(project.library, project.library.named(names), project.setting)
    refuse_idle(plan, project.setting)
    return narrowed(plan, project.only)


def surveyed(project: Project, names: Sequence[str], *, bytewise: bool = False) -> Survey:
    """The plan of these exhibits, and what of it is stored."""
    plan = make_plan(project, names)
    return survey(plan, project.layout, _anew(project, plan), bytewise=bytewise)


def warn_broken(broken: Mapping[str, Fault], remedy: str) -> None:
    """Say on standard error which stored runs cannot be used, and what becomes of them."""
    if broken:
        are = "run is" if len(broken) == 1 else "runs are"
        faults = [str(fault) for fault in broken.values()]
        more = f" and {len(faults) - FEW} more" if len(faults) > FEW else ""
        warn(f"{len(broken)} stored {are} broken {remedy}: {'; '.join(faults[:FEW])}{more}")


def _anew(project: Project, plan: Plan) -> Collection[str]:
    """Keys of the nodes that are run though they are stored."""
    return plan.nodes.keys() - set(project.spared) if project.fresh else ()


def refuse_broken(project: Project, held: Survey) -> None:
    """Raise Faults, before anything runs, where golden files or drawings could not be used after.

    IO: reads golden files, imports drawings. Where nothing is to run, the report itself tells.
    """
    from harness.report.results import faults_beforehand  # brings pandas and matplotlib

    if not held.todo:
        return
    if faults := tuple(faults_beforehand(held.plan, project.profile, project.layout)):
        raise Faults(faults)


def run(project: Project, held: Survey, crew: Crew, voice: Voice) -> Mapping[str, Failed]:
    """Run what is not stored, on a screen; the failures by key."""
    if held.todo:
        refuse_unwritable(project.layout.store, "--store")
    if held.downloads:
        refuse_unwritable(project.layout.data, "--data-dir")
    from harness.check.course import read_courses  # brings pandas

    courses = read_courses(project.layout.goldens, project.profile.golden) if held.todo else {}
    seconds = {key: one.seconds for key, one in held.estimates.items()}
    queue = Queue(held.plan.nodes.values(), set(held.stored), seconds)
    for folder in ("project", "store", "out", "data"):
        voice.detail(f"{folder}: {getattr(project.layout, folder)}")
    with executor_for(held, project.layout.store, crew) as executor:
        use_store(project.layout)
        voice.tell(to_do(held, executor.slots))
        measured = {key for key, one in held.estimates.items() if one.basis is Basis.MEASURED}
        board = Board(held.plan.nodes, queue, executor.slots, measured)
        with screen_for(board, console(), voice) as tell:
            return executor(queue, job_maker(project, executor.threads, courses), tell)


def use_store(layout: Layout) -> None:
    """Say in the store that this study uses it, so that no `gc` of another one takes its runs; a
    store that cannot be written is used all the same.
    """
    store = Store(layout.store)
    with suppress(HarnessError):
        store.tree.prepare()
        record_study(store.tree, layout.project)


def job_maker(
    project: Project, threads: int, courses: Mapping[str, Course] = MappingProxyType({})
) -> MakeJob:
    """What turns a node to do into a job; a run whose spec leaves it open has `threads`, and a
    training the course that is known of its settings.
    """
    layout, made_with = project.layout, environment(project.layout.project)

    def make_job(node: Node) -> Job:
        asked = project.requested, made_with, project.fresh
        course = courses.get(settings_of(node.spec), ()) if node.kind == "train" else ()
        given = (node, layout.store, layout.data, threads, *asked)
        return Job(*given, study=layout.project, course=course)

    return make_job


def report(
    project: Project,
    plan: Plan,
    failures: Mapping[str, Failed],
    voice: Voice,
    *,
    as_zip: bool = False,
    first: FirstSaid | None = None,
    shown: Path | None = None,
) -> Outcome:
    """Assess what is stored, write frames, verdicts, figures and the report, say what came of it,
    after what is said `first`; `shown` is where the report will be, if it is moved there.

    An exhibit whose golden file is broken is left as it is, and the others are written.

    Raises:
        Faults: no exhibit can be assessed.
    """
    from harness.check.standard import golden_faults  # brings pandas
    from harness.check.status import Word
    from harness.report.results import NOTHING, write_results  # brings matplotlib, too

    profile, goldens = project.profile, project.layout.goldens
    wrong = {one.exhibit.id: tuple(golden_faults(one, profile, goldens)) for one in plan.exhibits}
    faults = tuple(fault for several in wrong.values() for fault in several)
    sound = tuple(one for one in plan.exhibits if not wrong[one.exhibit.id])
    if faults and not sound:
        raise Faults(faults)
    plan = replace(plan, exhibits=sound)
    written = write_results(
        project, plan, project.store, failures, as_zip=as_zip, first=first or NOTHING
    )
    _tell(written.verdicts, plan, voice)
    if plan.passed_over:
        voice.tell(f"{', '.join(plan.passed_over)}: {NONE_ASKED}")
    for name, problem in written.undrawn.items():
        voice.say(f"{name}: {problem}", "red")
    voice.tell(str(shown or project.out / "report.html"))
    failed = bool(failures or written.undrawn)
    is_open = (Word.INCOMPLETE, Word.UNDECIDED)  # as it must be where runs failed
    broken = any(not one.holds and not (failed and one.word in is_open) for one in written.verdicts)
    asks = {one.exhibit: one.asks for one in written.verdicts if one.word is Word.UNDECIDED}
    unheld = tuple(one.exhibit for one in written.verdicts if not one.is_held)
    return Outcome(failed, broken, faults, asks, unheld, written.otherwise)


def _tell(verdicts: Sequence[Verdict], plan: Plan, voice: Voice) -> None:
    """What came of each exhibit, the runs that gave other bits, and what was not compared."""
    from harness.check.verdict import OTHER_BITS

    notes: dict[str, list[str]] = {}
    strayed = {one.key: one.sentence for verdict in verdicts for one in verdict.strays}
    for said in strayed.values():
        voice.say(said, "yellow")
    for verdict in verdicts:
        voice.say(verdict.sentence)
        if labels := [plan.nodes[key].label for key in verdict.repeat.other]:
            more = f" and {len(labels) - FEW} more" if len(labels) > FEW else ""
            voice.say(f"{verdict.exhibit}: {OTHER_BITS}: {', '.join(labels[:FEW])}{more}", "red")
        for note in verdict.repeat.notes:
            notes.setdefault(note, []).append(verdict.exhibit)
    for note, exhibits in notes.items():
        voice.say(f"{', '.join(exhibits)}: {note}", "yellow")


def wanted_keys(layout: Layout, names: Sequence[str] = ()) -> set[str]:
    """Keys of every node that these exhibits, or all, ask for under any profile.

    Raises:
        HarnessError: what any of them asks for cannot be told.
    """
    library, files = read(layout), (layout.project, layout.data)
    chosen = library.named(names)
    settings = (Setting(library.blocks, one, files=files) for one in library.profiles.values())
    return {key for setting in settings for key in expand(library, chosen, setting).nodes}
