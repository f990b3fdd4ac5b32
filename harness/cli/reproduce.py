"""`harness reproduce`: from specs to report."""

from __future__ import annotations

from dataclasses import replace

from harness.cli.options import Exhibits, Fresh, Spoken, Workers, Written
from harness.errors import ExitCode, Faults, HarnessError
from harness.terminal.output import asked


def reproduce(
    *exhibits: Exhibits,
    written: Written = Written(),
    spoken: Spoken = Spoken(),
    workers: Workers = Workers(),
    fresh: Fresh = False,
) -> ExitCode:
    """Run what is missing, then write frames, verdicts, figures and the report.

    Stopped by Ctrl-C or killed, the same command goes on from there. The exit code says whether
    the runs succeeded (3 if not); what they show is in the report, and `check` turns it into a
    code.

    For example:

    - `harness reproduce table1`
    - `harness reproduce table1 --set recipe.epochs=2 --set seed=0,1,2`
    - `harness reproduce table1 --profile quick --data-dir ~/cifar`
    - `harness reproduce table1 --fresh` after a change of the code, or of torch
    """
    from harness import app
    from harness.terminal.costs import to_do

    voice, crew = spoken.voice, workers.crew
    project = replace(written.opened(), fresh=fresh)
    if not exhibits:  # which nobody may have meant
        held = app.surveyed(project, ("all",))
        said = f"{len(held.plan.exhibits)} exhibits, {to_do(held, crew.jobs)}"
        if held.todo and not asked(f"{said}\nrun all of them?"):
            hint = "name some, or all: harness reproduce all"
            raise HarnessError("harness reproduce", "no exhibit is named", hint=hint)
    plan = app.make_plan(project, exhibits or ("all",))
    outcome = app.reproduce(project, plan, crew, voice)
    if outcome.faults:
        raise Faults(outcome.faults)
    return outcome.code
