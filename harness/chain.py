"""The stages chained, with what a user sees between them: one screen from plan to report."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.check.bits import digest_of, other_bits
from harness.errors import ExitCode, Faults, HarnessError
from harness.execute.environment import environment
from harness.execute.events import Failed
from harness.execute.executor import Crew
from harness.execute.node_file import write_nodes
from harness.files import os_errors
from harness.layout import refuse_unwritable
from harness.listing import cost
from harness.plan.expand import Plan
from harness.plan.schedule import waves
from harness.screen import Board, Voice, console, duration, screen_for
from harness.stages import (
    Project,
    Survey,
    executor_for,
    job_maker,
    make_plan,
    queue_of,
    run_plan,
    survey,
)
from harness.store.store import Store

ARCHIVE = "report.zip"
FEW = 3  # runs that a line names


@dataclass(frozen=True)
class Outcome:
    """The exit code of runs and drawings, and whether something that counts does not hold."""

    code: ExitCode
    broken: bool
    asks: Mapping[str, tuple[int, ...]]  # exhibit → seeds that would decide it


def checked(project: Project, names: Sequence[str], crew: Crew, voice: Voice) -> Outcome:
    """As `reproduced`, with the seeds that ranks need, where golden values keep each seed's number;
    and once more with those that would decide, where cells lie outside of their bands.

    Seeds that the user set stay as they are.
    """
    from harness.check.standard import keeps_seeds  # brings pandas

    if any(override.name == "seed" for override in project.setting.overrides):
        return reproduced(project, names, crew, voice)
    profile, golden = project.profile, project.layout.golden
    plan = make_plan(project, names) if profile.check_seeds else Plan((), {})
    seeds = {
        planned.exhibit.id: profile.check_seeds
        for planned in plan.exhibits
        if keeps_seeds(planned, profile, golden)
    }
    outcome = reproduced(_with_seeds(project, seeds), names, crew, voice)
    if not outcome.asks or outcome.code is not ExitCode.OK:
        return outcome
    voice.tell(f"more seeds decide {', '.join(outcome.asks)}, which lie outside of bands")
    more = {name: (*seeds.get(name, profile.seeds), *asked) for name, asked in outcome.asks.items()}
    return reproduced(_with_seeds(project, seeds | more), names, crew, voice)


def _with_seeds(project: Project, seeds: Mapping[str, tuple[int, ...]]) -> Project:
    return replace(project, setting=replace(project.setting, seeds=seeds))


def reproduced(project: Project, names: Sequence[str], crew: Crew, voice: Voice) -> Outcome:
    """Plan, run what is missing, write what came of it."""
    began = time.monotonic()
    held = held_against_store(project, names)
    refuse_unwritable(project.layout.out / project.profile.id, "--out")
    refuse_broken(project, held)
    failures = run_missing(project, held, crew, voice)
    outcome = write_out(project, held.plan, failures, voice)
    outcome = replace(outcome, broken=outcome.broken | gives_other_bits(project, held.plan, voice))
    ran = len(held.todo) - len(failures)
    spent = duration(time.monotonic() - began)
    voice.tell(
        f"{ran} nodes run, {len(held.stored)} stored before, {len(failures)} failed, {spent}"
    )
    return outcome


def held_against_store(project: Project, names: Sequence[str]) -> Survey:
    """The plan of these exhibits, and what of it is stored."""
    return survey(project, make_plan(project, names), Store(project.layout.store))


def refuse_broken(project: Project, held: Survey) -> None:
    """Raise Faults, before anything runs, where golden files or drawings could not be used after.

    IO: reads golden files, imports drawings. Where nothing is to run, the report itself tells.
    """
    from harness.report.results import faults_beforehand  # brings pandas and matplotlib

    if not held.todo:
        return
    if faults := tuple(faults_beforehand(held.plan, project.profile, project.layout.golden)):
        raise Faults(faults)


def run_missing(project: Project, held: Survey, crew: Crew, voice: Voice) -> Mapping[str, Failed]:
    """Run what is not stored, on a screen; the failures by key."""
    if held.todo:
        refuse_unwritable(project.layout.store, "--store")
    if held.downloads:
        refuse_unwritable(project.layout.data, "--data-dir")
    queue = queue_of(held)
    for folder in ("project", "store", "out", "data"):
        voice.detail(f"{folder}: {getattr(project.layout, folder)}")
    with executor_for(project, held, crew) as executor:
        voice.tell(cost(held, executor.slots))
        with screen_for(Board(held.plan.nodes, queue, executor.slots), console(), voice) as screen:
            return run_plan(project, queue, executor, screen)


def node_files(project: Project, held: Survey, folder: Path) -> list[Path]:
    """Write what is to do as files for `harness worker`, in waves that wait for each other."""
    refuse_broken(project, held)
    make_job = job_maker(project, threads=1)
    seconds = {key: one.seconds for key, one in held.estimates.items()}
    groups = waves(held.todo, seconds)
    return write_nodes(folder, [[make_job(node) for node in group] for group in groups])


def write_out(
    project: Project, plan: Plan, failures: Mapping[str, Failed], voice: Voice
) -> Outcome:
    """Write frames, verdicts, figures and the report, and say what came of them."""
    from harness.report.results import write_results  # brings pandas and matplotlib

    written = write_results(project, plan, Store(project.layout.store), failures)
    for verdict in written.verdicts:
        voice.say(verdict.sentence)
    for name, problem in written.undrawn.items():
        voice.say(f"{name}: {problem}", "red")
    voice.tell(str(project.layout.out / project.profile.id / "report.html"))
    code = ExitCode.RUN_FAILED if failures or written.undrawn else ExitCode.OK
    return Outcome(
        code,
        any(verdict.is_broken for verdict in written.verdicts),
        {verdict.exhibit: verdict.asks for verdict in written.verdicts if verdict.is_undecided},
    )


def gives_other_bits(project: Project, plan: Plan, voice: Voice) -> bool:
    """Whether a run that golden values rest on gives other bits than it gave, where it should not;
    said in any case.
    """
    folder = project.layout.golden / str(project.profile.golden)
    store, found = Store(project.layout.store), False
    for one in plan.exhibits:
        path = folder / f"{Path(one.exhibit.golden or one.exhibit.id).stem}.provenance.json"
        if not path.is_file():
            continue
        other = other_bits(path, filter(None, map(store.get, one.nodes)))
        if other.keys:
            labels = ", ".join(plan.nodes[key].label for key in other.keys[:FEW])
            more = f" and {len(other.keys) - FEW} more" if len(other.keys) > FEW else ""
            why = other.versions or "by the same versions"
            said = f"{one.exhibit.id}: other bits on the same class of processor, {why}"
            voice.say(f"{said}: {labels}{more}", "yellow" if other.versions else "red")
        found |= bool(other.keys) and not other.versions
    return found


def zipped(project: Project, plan: Plan) -> Path:
    """Put the report of these exhibits, which was just written, into report.zip; its path.

    Raises:
        HarnessError: a file cannot be read or written.
    """
    from harness.report.publish import archive, publish
    from harness.report.results import JUNIT, REPORT

    out = project.layout.out / project.profile.id
    with os_errors(out):
        paths = [out / REPORT, out / JUNIT]
        for one in plan.exhibits:
            paths += (path for path in (out / one.exhibit.id).iterdir() if path.name[0] != ".")
        files = {path.relative_to(out).as_posix(): path.read_bytes() for path in paths}
    publish(out, {ARCHIVE: archive(files, project.profile.id)})
    return out / ARCHIVE


def refuse_unwritten(project: Project, plan: Plan) -> None:
    """Raise HarnessError where no golden file can be written, as far as that is known beforehand:
    a profile may be held against what no program writes.
    """
    from harness.check import measured

    profile = project.profile
    if profile.golden in (None, "paper"):
        problem = "its numbers are not held against measured values"
        raise HarnessError(f"--profile {profile.id}", problem, hint="choose one like smoke")
    for planned in plan.exhibits:
        measured.refuse_unwritten(project.layout.golden, str(profile.golden), planned)


def measured(project: Project, plan: Plan) -> tuple[Path, ...]:
    """Write the golden regression values of a plan that is stored; the files written."""
    from harness.check.measured import write_exhibit

    store, golden = Store(project.layout.store), project.layout.golden
    name, provenance = str(project.profile.golden), _provenance(project, plan, store)
    return tuple(
        path
        for planned in plan.exhibits
        for path in write_exhibit(golden, name, planned, store, provenance)
    )


def _provenance(project: Project, plan: Plan, store: Store) -> dict[str, Any]:
    manifests = [found for key in plan.nodes if (found := store.get(key))]
    return {
        "command": project.command,
        "environment": environment(project.layout.project),
        "keys": {manifest.key: digest_of(manifest) for manifest in manifests},
        "wall_s": round(sum(manifest.wall_s for manifest in manifests), 1),
    }
