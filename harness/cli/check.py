"""`harness check`: do the golden values hold?"""

from __future__ import annotations

from typing import Annotated

import typer

from harness.canary.kept import has_canary
from harness.chain import checked
from harness.chain_canary import canary_holds
from harness.cli.flat import flat
from harness.cli.options import Spoken, Written
from harness.cli.workers import Workers
from harness.errors import ExitCode, HarnessError

CHECKED = ("table1", "table2", "table3", "tableD1", "tableD2", "fig6", "fig8")
"""What `check` runs when nothing is named: what CI can afford on every change."""


Canary = Annotated[
    bool | None,
    typer.Option(
        "--canary/--no-canary",
        help="short runs of every kind alone, or without them; else before the exhibits",
        show_default=False,
    ),
]


@flat
def check(written: Written, spoken: Spoken, workers: Workers, canary: Canary = None) -> None:
    """Reproduce, and exit with 1 when a golden value or a counted claim does not hold.

    First the canary: every kind of run for a moment, in float64 and in the arithmetic of real runs,
    held against what it gave before. It needs a minute on two cores, and no store.

    Without names: table1, table2, table3, tableD1, tableD2, fig6 and fig8. Where golden values keep
    each seed's number, two seeds are run and held by ranks against the others, over all trainings
    of the command; a cell outside of its band is run with more seeds before it is called changed.

    Examples:

    - `harness check`
    - `harness check --canary` on a new machine, or `--canary --device cuda` on a GPU
    - `harness check table2 --profile paper --quiet`
    """
    voice, layout = spoken.voice, written.layout()
    if canary and (written.names or written.sets):
        hint = "leave names and --set out"
        raise HarnessError("--canary", "has runs of its own, not of an exhibit", hint=hint)
    project = None if canary else written.opened()
    device = written.device or (project.profile.numerics.device if project else "cpu")
    holds = True
    if canary or (canary is None and has_canary(layout)):
        holds = canary_holds(layout, device, workers.crew.jobs, voice)
    if project is None:
        raise typer.Exit(ExitCode.OK if holds else ExitCode.CHECK_FAILED)
    outcome = checked(project, written.names or CHECKED, workers.crew, voice)
    does_hold = holds and not outcome.broken  # a run that failed as well must not hide it
    raise typer.Exit(outcome.code if does_hold else ExitCode.CHECK_FAILED)
