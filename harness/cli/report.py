"""`harness report`: the results again from what is stored."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.chain import write_out, zipped
from harness.cli.flat import flat
from harness.cli.options import OUTPUT, Spoken, Written
from harness.layout import refuse_unwritable
from harness.stages import make_plan


@flat
def report(
    written: Written,
    spoken: Spoken,
    as_zip: Annotated[
        bool,
        typer.Option(
            "--zip", help="and all of it in one report.zip, to be sent", rich_help_panel=OUTPUT
        ),
    ] = False,
) -> None:
    """Write frames, verdicts, figures and the report again from what is stored; nothing is run.

    Exit code 3 says that a figure could not be drawn; everything else is written all the same.
    The archive holds the report with the CSV, JSON and figures that it links to: the same results
    give the same bytes.

    Examples:

    - `harness report`
    - `harness report table1 tableD1 --zip`
    """
    voice = spoken.voice
    opened = written.opened()
    refuse_unwritable(opened.layout.out / opened.profile.id, "--out")
    plan = make_plan(opened, written.names or ())
    outcome = write_out(opened, plan, {}, voice)
    if as_zip:
        voice.tell(str(zipped(opened, plan)))
    raise typer.Exit(outcome.code)
