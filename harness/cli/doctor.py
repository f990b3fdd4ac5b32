"""`harness doctor`: what is here, what is missing, and the command that mends it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from harness.cli.flat import flat
from harness.cli.options import FOLDERS, Json, Spoken, Stored
from harness.cli.output import print_json
from harness.errors import ExitCode
from harness.layout import Layout, layout
from harness.screen import Voice, console, table
from harness.upkeep import Finding, Health, examine, measure_devices

STYLE = {Health.GOOD: "green", Health.NOTE: "yellow", Health.BAD: "red"}


@dataclass(frozen=True, kw_only=True)
class Places(Stored):
    """Every folder that a command may use."""

    out: Annotated[
        Path | None, typer.Option(help="reports [HARNESS_OUT]", rich_help_panel=FOLDERS)
    ] = None
    data: Annotated[
        Path | None,
        typer.Option("--data-dir", help="data sets [HARNESS_DATA_DIR]", rich_help_panel=FOLDERS),
    ] = None

    def layout(self) -> Layout:
        return layout(self.project, store=self.store, out=self.out, data=self.data)


Measure = Annotated[
    bool,
    typer.Option("--measure", help="time training steps here, for the costs that `plan` says"),
]


@flat
def doctor(places: Places, spoken: Spoken, as_json: Json = False, measure: Measure = False) -> None:
    """Say what is installed and found here, what is missing, and the command that mends it.

    Exit code 1 when something is missing that every run needs. With --quiet only what is not in
    order is shown. With --measure training steps are timed for some seconds on a core and on the
    first GPU, and kept in the store.

    Examples:

    - `harness doctor`
    - `harness doctor --measure`
    - `harness doctor --json`
    """
    voice = spoken.voice
    if measure:
        measure_devices(places.layout())
    findings = list(examine(places.layout()))
    if as_json:
        print_json([vars(one) | {"health": one.health.value} for one in findings])
    else:
        console().print(
            table(("", "what", "found", "what to do"), map(_row, _told(findings, voice)))
        )
    bad = any(one.health is Health.BAD for one in findings)
    raise typer.Exit(ExitCode.CHECK_FAILED if bad else ExitCode.OK)


def _told(findings: list[Finding], voice: Voice) -> list[Finding]:
    if voice is not Voice.QUIET:
        return findings
    return [one for one in findings if one.health is not Health.GOOD]


def _row(one: Finding) -> tuple[Text | str, ...]:
    return Text(one.health.value, style=STYLE[one.health]), one.what, one.found, one.fix
