"""`harness golden`: measure regression values."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from cyclopts import Parameter

from harness.cli.options import Fresh, Scaled, Spoken, Workers, exhibits, number, typed
from harness.errors import ExitCode, HarnessError
from harness.layout import refuse_packed, refuse_unwritable

SEEDS = 5  # the fewest that a golden file may rest on


def golden(
    exhibit: Annotated[str | None, Parameter(help="one exhibit", completer=exhibits)] = None,
    /,
    *,
    canary: Annotated[
        bool, Parameter(help="the canary's values instead, `golden/canary/`")
    ] = False,
    course: Annotated[
        bool, Parameter(help="the accuracies of its trainings by epoch instead")
    ] = False,
    only: Annotated[
        tuple[str, ...],
        Parameter(metavar="AXIS=LEVEL", help="with --course: of these cells alone"),
    ] = (),
    seeds: Annotated[
        int, number(SEEDS, 1000, help="runs per cell, seeds 0 … n-1", show_default=True)
    ] = SEEDS,
    scaled: Scaled = Scaled(),
    spoken: Spoken = Spoken(),
    workers: Workers = Workers(),
    fresh: Fresh = False,
) -> ExitCode:
    """Measure an exhibit over several seeds and write `golden/PROFILE/EXHIBIT.csv`.

    A quantity without a rule in `tolerances.toml` gets one, to be looked at. For regression
    values only: published ones are never written by a program. With `--course` it is the course of
    the exhibit's trainings, `EXHIBIT.course.csv`, by which a training is told early that it goes
    wrong.

    For example:

    - `harness golden table1`
    - `harness golden table1 --seeds 10 --jobs 4`
    - `harness golden table1 --course --only depth=20,width=1,2`
    - `harness golden --canary` after a change that is meant to change numbers
    """
    from harness import app
    from harness.check.course import require_trainings, write_course
    from harness.check.measured import provenance_of, refuse_unwritten, write_exhibit
    from harness.cli.canary import canary_written
    from harness.execute.environment import environment
    from harness.layout import PUBLISHED
    from harness.spec.overrides import override, parse_only

    voice, crew = spoken.voice, workers.crew
    if only and not course:
        hint = "a golden file holds the whole of its exhibit"
        raise HarnessError("--only", "is for --course", hint=hint)
    if canary and (exhibit or course or seeds != SEEDS or scaled != Scaled(project=scaled.project)):
        hint = "leave the name, --seeds, --profile, --store and --data-dir out"
        raise HarnessError("--canary", "has runs of its own, not of an exhibit", hint=hint)
    if exhibit is None:
        if not canary:
            raise HarnessError("harness golden", "needs EXHIBIT, or --canary")
        refuse_packed(layout := scaled.layout().inherited)
        is_written = canary_written(layout, crew.jobs, voice, typed())
        return ExitCode.OK if is_written else ExitCode.RUN_FAILED
    chosen = scaled.open(override("seed", *range(seeds)), only=parse_only(only))
    project = replace(chosen, fresh=fresh)
    refuse_packed(project.layout)
    held = app.surveyed(project, [exhibit], bytewise=True)
    layout, name = project.layout, project.profile.golden
    app.warn_broken(held.broken, app.SET_ASIDE)
    if name is None or name == PUBLISHED:  # which no program writes
        problem = "its numbers are not held against measured values"
        raise HarnessError(f"--profile {scaled.profile}", problem, hint="choose one like smoke")
    refuse_unwritable(layout.golden / name, "--project")
    for planned in held.plan.exhibits:
        if course:
            require_trainings(planned.exhibit.id, held.plan)
        else:
            refuse_unwritten(layout.golden, name, planned)
    if held.otherwise:  # the golden file would say that it was made by what is here
        raise HarnessError(exhibit, held.otherwise.sentence, hint="--fresh runs them anew")
    if app.run(project, held, crew, voice):
        return ExitCode.RUN_FAILED
    made_with, store = environment(layout.project), project.store
    rests_on = provenance_of(held.plan, store, project.command, made_with)
    for planned in held.plan.exhibits:
        if course:
            given = planned.exhibit.id, held.plan, store, rests_on
            paths = write_course(layout.golden, name, *given)
        else:
            paths = write_exhibit(layout.golden, name, planned, store, rests_on)
        for path in paths:
            voice.say(f"written: {layout.shown(path)}")
    return ExitCode.OK
