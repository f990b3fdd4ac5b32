"""The stages chained, with what a user sees between them: one screen from plan to report."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import ExitCode, HarnessError
from harness.execute.environment import environment
from harness.execute.events import Failed
from harness.listing import cost
from harness.plan.expand import Plan
from harness.screen import Board, console, duration, say, screen_for
from harness.stages import Project, Survey, make_plan, queue_of, run_plan, slots_for, survey
from harness.store.store import Store


@dataclass(frozen=True)
class Outcome:
    """The exit code of the runs, and whether something that counts does not hold."""

    code: ExitCode
    broken: bool


def reproduced(project: Project, names: Sequence[str], jobs: int | None) -> Outcome:
    """Plan, run what is missing, write what came of it."""
    began = time.monotonic()
    held = held_against_store(project, names)
    failures = run_missing(project, held, jobs)
    broken = write_out(project, held.plan, failures)
    ran = len(held.todo) - len(failures)
    spent = duration(time.monotonic() - began)
    say(f"{ran} nodes run, {len(held.stored)} stored before, {len(failures)} failed, {spent}")
    return Outcome(ExitCode.RUN_FAILED if failures else ExitCode.OK, broken)


def held_against_store(project: Project, names: Sequence[str]) -> Survey:
    """The plan of these exhibits, and what of it is stored."""
    return survey(project, make_plan(project, names), Store(project.layout.store))


def run_missing(project: Project, held: Survey, jobs: int | None) -> Mapping[str, Failed]:
    """Run what is not stored, on a screen; the failures by key."""
    slots = slots_for(project, jobs)
    queue = queue_of(held)
    say(cost(held, min(slots, max(1, len(held.todo)))))
    with screen_for(Board(held.plan.nodes, queue, slots), console()) as screen:
        return run_plan(project, queue, slots=slots, tell=screen)


def write_out(project: Project, plan: Plan, failures: Mapping[str, Failed]) -> bool:
    """Write frames, verdicts, figures and the report; whether something that counts is broken."""
    from harness.report.results import write_results  # brings pandas and matplotlib

    verdicts = write_results(project, plan, Store(project.layout.store), failures)
    for verdict in verdicts:
        say(verdict.sentence)
    say(str(project.layout.out / project.profile.id / "report.html"))
    return any(verdict.is_broken for verdict in verdicts)


def measured(project: Project, plan: Plan) -> tuple[Path, ...]:
    """Write the golden regression values of a plan that is stored; the files written.

    Raises:
        HarnessError: the profile is held against published values, which no program writes.
    """
    from harness.check.measured import write_measured
    from harness.report.assess import assess

    profile = project.profile
    if profile.golden in (None, "paper"):
        problem = "its numbers are not held against measured values"
        raise HarnessError(f"--profile {profile.id}", problem, hint="golden = in its TOML file")
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
        "keys": [manifest.key for manifest in manifests],
        "wall_s": round(sum(manifest.wall_s for manifest in manifests), 1),
    }
