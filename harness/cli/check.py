"""`harness check`: do the golden values hold?"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from cyclopts import Parameter

from harness.cli.options import Exhibits, Fresh, Spoken, Workers, Written
from harness.errors import ExitCode, Faults, HarnessError

CHECKED = ("table3", "tableD1", "tableD2", "fig6", "fig8")
"""What `check` runs when nothing is named: what CI can afford on every change."""


def check(
    *exhibits: Exhibits,
    canary: Annotated[
        bool,
        Parameter(negative=(), help="short runs of every kind alone; else before the exhibits"),
    ] = False,
    no_canary: Annotated[bool, Parameter(negative=(), help="without them")] = False,
    written: Written = Written(),
    spoken: Spoken = Spoken(),
    workers: Workers = Workers(),
    fresh: Fresh = False,
    stored: Annotated[
        bool, Parameter(help="let stored runs count whatever made them: no exit code 4")
    ] = False,
) -> ExitCode:
    from harness import app
    from harness.canary.kept import has_canary
    from harness.cli.canary import canary_holds
    from harness.execute.environment import sees_gpu

    voice, layout, names = spoken.voice, written.layout().inherited, exhibits or CHECKED
    if canary and no_canary:
        raise HarnessError("--canary --no-canary", "contradict each other", hint="leave one out")
    if fresh and stored:
        raise HarnessError("--fresh --stored", "contradict each other", hint="leave one out")
    own = Written(project=written.project, store=written.store, out=written.out, data=written.data)
    if canary and (exhibits or written != replace(own, device=written.device)):
        hint = "leave names, --set, --only, --profile and data out"
        raise HarnessError("--canary", "has runs of its own, not of an exhibit", hint=hint)
    if written.device == "cuda" and workers.executor == "local" and not sees_gpu():
        raise HarnessError("--device cuda", "torch finds no GPU here", hint="--device cpu")
    device, holds = written.device or "cpu", True
    if not canary:
        project = app.with_check_seeds(written.opened(), names)
        plan = app.make_plan(project, names)  # a slip in a name costs no canary
        device = written.device or project.profile.numerics.device
    if canary or (not no_canary and has_canary(layout)):
        holds = canary_holds(layout, device, workers.crew.jobs, voice)
    if canary:
        return ExitCode.OK if holds else ExitCode.CHECK_FAILED
    outcome = app.check(replace(project, fresh=fresh), names, plan, workers.crew, voice)
    if outcome.faults:
        raise Faults(outcome.faults)
    code = outcome.check_code
    if stored and code is ExitCode.MADE_OTHERWISE:
        code = ExitCode.OK
    return code if holds else ExitCode.CHECK_FAILED


check.__doc__ = f"""Reproduce, and exit with 1 when a golden value or a counted claim does not hold.

First the canary: every kind of run for a moment, in float64 and in the arithmetic of real runs,
held against what it gave before. It needs a minute on two cores, and no store.

Without names: {", ".join(CHECKED[:-1])} and {CHECKED[-1]}. Where golden values keep each seed's
number, two seeds are run and held by ranks against the others, over all trainings of the command; a
cell outside of its band is run with more seeds before it is called changed.

Exit code 4 says that all holds, but of stored runs that other code, other versions or another
instruction set made than would run now. --fresh runs them anew; --stored lets them count.

For example:

- `harness check`
- `harness check --canary` on a new machine, or `--canary --device cuda` on a GPU
- `harness check table2 --profile paper --quiet`
- `harness check --fresh` in a CI, whose store may be of another commit
"""
