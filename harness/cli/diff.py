"""`harness diff`: two folders of results held against each other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.flat import flat
from harness.cli.options import OUTPUT, Json
from harness.cli.output import print_json, print_lines
from harness.diff.compare import compare, read_results
from harness.diff.shown import markdown, print_text, record
from harness.errors import ExitCode, HarnessError
from harness.screen import console, table


def _folder(name: str) -> typer.models.ArgumentInfo:
    made: typer.models.ArgumentInfo = typer.Argument(
        metavar=name, help="results, as out/smoke", show_default=False
    )
    return made


@flat
def diff(
    a: Annotated[Path, _folder("A")],
    b: Annotated[Path, _folder("B")],
    within: Annotated[
        float, typer.Option(min=0, help="numbers this far apart, in their unit, are the same")
    ] = 0.0,
    as_markdown: Annotated[
        bool,
        typer.Option(
            "--markdown", help="print Markdown, for a pull request", rich_help_panel=OUTPUT
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Compare two result folders: verdicts, claims, numbers, settings and specs, environment.

    Exit code 0 when both have the same exhibits with the same numbers, claims and verdicts, 1 when
    not. Different settings or machines alone leave it at 0: they only explain.

    Examples:

    - `harness diff out/smoke ../main/out/smoke`
    - `harness diff before after --within 0.01 --markdown`
    """
    if as_markdown and as_json:
        raise HarnessError("--markdown --json", "exclude each other", hint="leave one out")
    found = compare(read_results(a), read_results(b), within=within)
    if as_json:
        print_json(record(found))
    elif as_markdown:
        print_lines(markdown(found).rstrip())
    else:
        print_text(found, console(), table)
    raise typer.Exit(ExitCode.CHECK_FAILED if found.differs else ExitCode.OK)
