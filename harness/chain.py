"""The stages chained, with what a user sees between them: one screen from plan to report."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.canary.kept import kept_of, read_kept, write_kept, write_networks
from harness.canary.run import runs, trained_networks
from harness.canary.task import Done
from harness.canary.verdict import judged
from harness.check.bits import digest_of, other_bits
from harness.errors import ExitCode, HarnessError
from harness.execute.cores import default_slots, usable_cores
from harness.execute.crew import Crew
from harness.execute.environment import environment, sees_gpu
from harness.execute.events import Failed
from harness.execute.node_file import write_nodes
from harness.layout import Layout, refuse_unwritable
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
from harness.store.durable import os_errors
from harness.store.store import Store

ARCHIVE = "report.zip"
FEW = 3  # runs that a line names
DEVICES = ("cpu", "cuda")


@dataclass(frozen=True)
class Outcome:
    """The exit code of the runs, and whether something that counts does not hold."""

    code: ExitCode
    broken: bool


def reproduced(project: Project, names: Sequence[str], crew: Crew, voice: Voice) -> Outcome:
    """Plan, run what is missing, write what came of it."""
    began = time.monotonic()
    held = held_against_store(project, names)
    refuse_unwritable(project.layout.out, "--out")
    failures = run_missing(project, held, crew, voice)
    broken = write_out(project, held.plan, failures, voice)
    broken |= gives_other_bits(project, held.plan, voice)
    ran = len(held.todo) - len(failures)
    spent = duration(time.monotonic() - began)
    voice.tell(
        f"{ran} nodes run, {len(held.stored)} stored before, {len(failures)} failed, {spent}"
    )
    return Outcome(ExitCode.RUN_FAILED if failures else ExitCode.OK, broken)


def held_against_store(project: Project, names: Sequence[str]) -> Survey:
    """The plan of these exhibits, and what of it is stored."""
    return survey(project, make_plan(project, names), Store(project.layout.store))


def run_missing(project: Project, held: Survey, crew: Crew, voice: Voice) -> Mapping[str, Failed]:
    """Run what is not stored, on a screen; the failures by key."""
    if held.todo:
        refuse_unwritable(project.layout.store, "--store")
    queue = queue_of(held)
    for folder in ("project", "store", "out", "data"):
        voice.detail(f"{folder}: {getattr(project.layout, folder)}")
    with executor_for(project, held, crew) as executor:
        slots = executor.slots
        voice.tell(cost(held, min(slots, max(1, len(held.todo)))))
        with screen_for(Board(held.plan.nodes, queue, slots), console(), voice) as screen:
            return run_plan(project, queue, executor, screen)


def node_files(project: Project, held: Survey, folder: Path) -> list[Path]:
    """Write what is to do as files for `harness worker`, in waves that wait for each other."""
    make_job = job_maker(project, threads=1)
    seconds = {key: one.seconds for key, one in held.estimates.items()}
    groups = waves(held.todo, seconds)
    return write_nodes(folder, [[make_job(node) for node in group] for group in groups])


def write_out(project: Project, plan: Plan, failures: Mapping[str, Failed], voice: Voice) -> bool:
    """Write frames, verdicts, figures and the report; whether something that counts is broken."""
    from harness.report.results import write_results  # brings pandas and matplotlib

    verdicts = write_results(project, plan, Store(project.layout.store), failures)
    for verdict in verdicts:
        voice.say(verdict.sentence)
    voice.tell(str(project.layout.out / project.profile.id / "report.html"))
    return any(verdict.is_broken for verdict in verdicts)


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
    from harness.report.archive import archive
    from harness.report.publish import publish
    from harness.report.results import JUNIT, REPORT

    out = project.layout.out / project.profile.id
    with os_errors(out):
        paths = [out / REPORT, out / JUNIT]
        for one in plan.exhibits:
            paths += (path for path in (out / one.exhibit.id).iterdir() if path.name[0] != ".")
        files = {path.relative_to(out).as_posix(): path.read_bytes() for path in paths}
    publish(out, {ARCHIVE: archive(files, project.profile.id)})
    return out / ARCHIVE


def canary_holds(layout: Layout, device: str, jobs: int | None, voice: Voice) -> bool:
    """Run the canary and say what came of it; whether it holds.

    Raises:
        HarnessError: its values cannot be read, or there is no such device.
    """
    if device not in DEVICES:
        raise HarnessError("--device", f"must be one of {', '.join(DEVICES)} (got {device!r})")
    if device == "cuda" and not sees_gpu():
        raise HarnessError("--device cuda", "torch finds no GPU here", hint="--device cpu")
    kept = read_kept(layout.golden)
    done = _canary_runs(layout, device, jobs, voice)
    verdict = judged(done, kept, made_with(layout, device))
    for finding in verdict.findings:
        voice.say(f"canary: {finding.sentence}", "red")
    for note in verdict.notes:
        voice.say(f"canary: {note}", "yellow")
    for name, apart in sorted(verdict.largest.items()):
        voice.detail(f"canary: {name}: largest deviation {apart:.1g}")
    said = "does not hold" if verdict.findings else "holds"
    voice.say(f"canary {said}: {len(done)} short runs of {len({one.kind for one in done})} kinds")
    return not verdict.findings


def canary_written(layout: Layout, jobs: int | None, voice: Voice, command: str) -> bool:
    """Measure the canary and write its values; whether they were, which they are not where a run
    fails or real arithmetic lies too far from float64.
    """
    jobs = jobs or default_slots(usable_cores(), False)
    with os_errors(layout.golden):
        write_networks(layout.golden, trained_networks(layout, jobs=jobs))
    done = _canary_runs(layout, "cpu", jobs, voice)
    made = made_with(layout, "cpu")
    kept = kept_of(done, layout.golden, {"environment": made})
    verdict = judged(done, kept, made)
    for finding in verdict.findings:
        voice.say(f"canary: {finding.sentence}", "red")
    if verdict.findings:
        return False
    largest = {name: float(f"{apart:.2g}") for name, apart in sorted(verdict.largest.items())}
    with os_errors(layout.golden):
        provenance = {**kept.provenance, "command": command, "largest": largest}
        written = write_kept(layout.golden, replace(kept, provenance=provenance))
    for path in written:
        voice.say(f"written: {layout.shown(path)}")
    return True


def _canary_runs(layout: Layout, device: str, jobs: int | None, voice: Voice) -> list[Done]:
    began = time.monotonic()
    voice.tell("canary: every kind of run for a moment, held against what it gave before")
    done = []
    for one in runs(layout, device=device, jobs=jobs or default_slots(usable_cores(), False)):
        voice.detail(f"canary: {one.kind} {one.name}, {one.seconds:.1f} s")
        done.append(one)
    spent: dict[str, float] = {}
    for one in done:
        spent[one.kind] = spent.get(one.kind, 0.0) + one.seconds
    by_kind = ", ".join(f"{kind} {seconds:.0f}" for kind, seconds in spent.items() if seconds > 1)
    voice.tell(f"canary: {duration(time.monotonic() - began)}; seconds of a core: {by_kind}")
    return done


def made_with(layout: Layout, device: str) -> dict[str, Any]:
    """What the canary's numbers are made with here; a GPU is no class of processor."""
    found = environment(layout.project)
    return found if device == "cpu" else {**found, "arithmetic": {}}


def refuse_published(project: Project) -> None:
    """Raise HarnessError where a profile is held against what no program writes."""
    profile = project.profile
    if profile.golden in (None, "paper"):
        problem = "its numbers are not held against measured values"
        raise HarnessError(f"--profile {profile.id}", problem, hint="choose one like smoke")


def measured(project: Project, plan: Plan) -> tuple[Path, ...]:
    """Write the golden regression values of a plan that is stored; the files written."""
    from harness.check.measured import write_measured
    from harness.report.assess import assess

    profile = project.profile
    store = Store(project.layout.store)
    written: list[Path] = []
    for one in assess(plan, profile, store, project.layout.golden, {}):
        exhibit = one.planned.exhibit
        there = set(one.frame.cells["quantity"])  # a VGG has no residual blocks, so no positions
        quantities = [name for name in one.frame.pinned if name in there]
        quantities += [derived.quantity for derived in exhibit.derive]
        written += write_measured(
            project.layout.golden,
            str(profile.golden),
            exhibit.golden or f"{exhibit.id}.csv",
            one.frame.cells,
            one.frame.index,
            quantities,
            _provenance(project, plan, store),
        )
    return tuple(written)


def _provenance(project: Project, plan: Plan, store: Store) -> dict[str, Any]:
    manifests = [found for key in plan.nodes if (found := store.get(key))]
    return {
        "command": project.command,
        "environment": environment(project.layout.project),
        "keys": {manifest.key: digest_of(manifest) for manifest in manifests},
        "wall_s": round(sum(manifest.wall_s for manifest in manifests), 1),
    }
