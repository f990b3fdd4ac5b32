"""`harness check`: do the golden values hold?"""

from __future__ import annotations

import typer

from harness.chain import reproduced
from harness.cli.flat import flat
from harness.cli.options import Spoken, Written
from harness.cli.workers import Workers
from harness.errors import ExitCode

CHECKED = ("table1", "table2", "table3", "tableD1", "tableD2", "fig6", "fig8")
"""What `check` runs when nothing is named: what CI can afford on every change."""


@flat
def check(written: Written, spoken: Spoken, workers: Workers) -> None:
    """Reproduce, and exit with 1 when a golden value or a counted claim does not hold.

    Without names: table1, table2, table3, tableD1, tableD2, fig6 and fig8.

    Examples:

    - `harness check`
    - `harness check table2 --profile paper --quiet`
    """
    voice = spoken.voice
    outcome = reproduced(written.opened(), written.names or CHECKED, workers.crew, voice)
    broken = ExitCode.CHECK_FAILED if outcome.broken else ExitCode.OK
    raise typer.Exit(outcome.code or broken)
