"""`harness reproduce`: from specs to report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.cli.options import Exhibits, Spoken, Workers, Written
from harness.errors import ExitCode, Faults, HarnessError
from harness.terminal.output import asked

if TYPE_CHECKING:
    from harness.app import Project


def reproduce(
    *exhibits: Exhibits,
    written: Written = Written(),
    spoken: Spoken = Spoken(),
    workers: Workers = Workers(),
) -> ExitCode:
    """Run what is missing, then write frames, verdicts, figures and the report.

    Stopped by Ctrl-C or killed, the same command goes on from there. The exit code says whether
    the runs succeeded (3 if not); what they show is in the report, and `check` turns it into a
    code.

    For example:

    - `harness reproduce table1`
    - `harness reproduce table1 --set recipe.epochs=2 --set seed=0,1,2`
    - `harness reproduce table1 --profile quick --data-dir ~/cifar`
    """
    from harness import app

    voice, crew, project = spoken.voice, workers.crew, written.opened()
    if not exhibits:
        _require_yes(project, crew.jobs)
    plan = app.make_plan(project, exhibits or ("all",))
    outcome = app.reproduce(project, plan, crew, voice)
    if outcome.faults:
        raise Faults(outcome.faults)
    return outcome.code


def _require_yes(project: Project, jobs: int | None) -> None:
    """Ask before every exhibit is run, which nobody may have meant; raise HarnessError for no."""
    from harness.app import surveyed
    from harness.costs import to_do

    held = surveyed(project, ("all",))
    said = f"{len(held.plan.exhibits)} exhibits, {to_do(held, jobs)}"
    if held.todo and not asked(f"{said}\nrun all of them?"):
        hint = "name some, or all: harness reproduce all"
        raise HarnessError("harness reproduce", "no exhibit is named", hint=hint)
