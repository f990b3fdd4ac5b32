"""`harness golden`: measure regression values."""

from __future__ import annotations

import shlex
import sys
from typing import Annotated

import typer

from harness.chain import held_against_store, measured, refuse_unwritten, run_missing
from harness.chain_canary import canary_written
from harness.cli.complete import exhibits
from harness.cli.flat import flat
from harness.cli.options import Scaled, Spoken
from harness.cli.workers import Workers
from harness.errors import ExitCode, HarnessError

Exhibit = Annotated[
    str | None,
    typer.Argument(
        metavar="EXHIBIT", help="one exhibit", show_default=False, autocompletion=exhibits
    ),
]


@flat
def golden(
    scaled: Scaled,
    spoken: Spoken,
    workers: Workers,
    name: Exhibit = None,
    canary: Annotated[
        bool, typer.Option("--canary", help="the canary's values instead, `golden/canary/`")
    ] = False,
    seeds: Annotated[int, typer.Option(min=5, max=1000, help="runs per cell, seeds 0 … n-1")] = 5,
) -> None:
    """Measure an exhibit over several seeds and write `golden/PROFILE/EXHIBIT.csv`.

    A quantity without a rule in `tolerances.toml` gets one, to be looked at. For regression
    values only: published ones are never written by a program.

    Examples:

    - `harness golden table1`
    - `harness golden table1 --seeds 10 --jobs 4`
    - `harness golden --canary` after a change that is meant to change numbers
    """
    voice = spoken.voice
    if canary and name:
        hint = "leave the name out"
        raise HarnessError("--canary", "has runs of its own, not of an exhibit", hint=hint)
    if not canary and not name:
        raise HarnessError("harness golden", "needs EXHIBIT, or --canary")
    if name is None:
        typed = shlex.join(["harness", *sys.argv[1:]])
        if not canary_written(scaled.layout(), workers.crew.jobs, voice, typed):
            raise typer.Exit(ExitCode.RUN_FAILED)
        return
    opened = scaled.open(("seed=" + ",".join(map(str, range(seeds))),))
    held = held_against_store(opened, [name])
    refuse_unwritten(opened, held.plan)
    if run_missing(opened, held, workers.crew, voice):
        raise typer.Exit(ExitCode.RUN_FAILED)
    for path in measured(opened, held.plan):
        voice.say(f"written: {opened.layout.shown(path)}")
