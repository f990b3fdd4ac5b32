"""`harness reproduce`: from specs to report."""

from __future__ import annotations

import typer

from harness.chain import reproduced
from harness.cli.flat import flat
from harness.cli.options import Spoken, Written
from harness.cli.workers import Workers


@flat
def reproduce(written: Written, spoken: Spoken, workers: Workers) -> None:
    """Run what is missing, then write frames, verdicts, figures and the report.

    Stopped by Ctrl-C or killed, the same command goes on from there. The exit code says whether
    the runs succeeded (3 if not); what they show is in the report, and `check` turns it into a
    code.

    Examples:

    - `harness reproduce table1`
    - `harness reproduce table1 --set recipe.epochs=2 --set seed=0,1,2`
    - `harness reproduce table1 --profile quick --data-dir ~/cifar`
    """
    voice = spoken.voice
    outcome = reproduced(written.opened(), written.names or (), workers.crew, voice)
    raise typer.Exit(outcome.code)
