"""The commands put together, and the way from a fault to a sentence and an exit code."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import typer

import harness
from harness.cli.check import check
from harness.cli.diff import diff
from harness.cli.doctor import doctor
from harness.cli.faults import Usage, in_words
from harness.cli.gc import gc
from harness.cli.golden import golden
from harness.cli.list import list_
from harness.cli.plan import plan
from harness.cli.report import report
from harness.cli.reproduce import reproduce
from harness.cli.schema import schema
from harness.cli.verify import verify
from harness.cli.worker import worker
from harness.errors import ExitCode, HarnessError
from harness.execute.interrupt import Interrupted
from harness.files import os_errors
from harness.layout import require_text, require_working_folder
from harness.terminal import reader_left

COMMANDS: dict[str, dict[str, Any]] = {
    "Reproduce": {
        "list": list_,
        "plan": plan,
        "reproduce": reproduce,
        "report": report,
        "check": check,
        "diff": diff,
    },
    "Look after it": {
        "worker": worker,
        "doctor": doctor,
        "verify": verify,
        "gc": gc,
        "golden": golden,
        "schema": schema,
    },
}
"""Heading of the help → command → function."""

app = typer.Typer(
    name="harness",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["--help", "-h"]},
)
for heading, commands in COMMANDS.items():
    for name, function in commands.items():
        app.command(name, rich_help_panel=heading)(function)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"harness {harness.__version__}")
        raise typer.Exit()


@app.callback()
def about(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="print the version")
    ] = False,
) -> None:
    """Reproduce published tables and figures from their specs, and say how far they hold.

    Examples:

    - `harness list`
    - `harness plan table1`
    - `harness reproduce table1`
    - `harness COMMAND --help` for the options and examples of a command

    Exit codes: 0 ok · 1 something does not hold, differs, is damaged or missing · 2 bad spec or
    usage · 3 a run failed · 70 a bug of the harness · 130 interrupted · 141 a pipe was closed
    """
    require_working_folder()


def main() -> None:
    """Faults become one sentence on stderr and the exit code of `errors.ExitCode`."""
    try:
        _require_words(sys.argv)
        code = _run()
    except Usage as error:
        fault = in_words(error, sys.argv[1:], _options())
        _end(ExitCode.USAGE, str(fault) if fault else "")
    except HarnessError as error:
        _end(error.code, str(error))
    except Interrupted as signal:
        _end(ExitCode.INTERRUPTED, f"\nstopped by {signal}; the same command goes on from here")
    except (KeyboardInterrupt, typer.Abort):  # before or after the runs
        _end(ExitCode.INTERRUPTED, "\nstopped by SIGINT; the same command goes on from here")
    sys.exit(code or ExitCode.OK)


def _require_words(typed: Sequence[str]) -> None:
    """Raise HarnessError for what no option takes: bytes that are no text, and nothing at all,
    which a path would take for the working folder (`--out=$OUT` where OUT is not set).
    """
    for before, word in pairwise(typed):
        option = before if before.startswith("--") else ""
        require_text(word, option or "harness")
        if (option and not word) or re.fullmatch("--[a-z-]+=", word):
            raise HarnessError(
                word or f"{option} ''", "is empty", hint="give a value or leave it out"
            )


def _run() -> int | None:
    """The command; the codes of its `typer.Exit`."""
    with os_errors(Path("harness")):
        try:
            code: int | None = app(standalone_mode=False)
        except BrokenPipeError:
            reader_left()
        except SystemExit as ended:  # so the parser's library ends where the reader has left
            if isinstance(ended.__context__, BrokenPipeError):
                reader_left()
            sys.exit(ExitCode.USAGE if ended.code == ExitCode.CHECK_FAILED else ended.code)
    return code


def _options() -> dict[str, tuple[str, ...]]:
    """Command → its long options."""
    group: Any = typer.main.get_command(app)
    return {
        name: tuple(one for each in command.params for one in each.opts if one.startswith("--"))
        for name, command in group.commands.items()
    }


def _end(code: ExitCode, said: str) -> None:
    if said:
        print(said, file=sys.stderr)
    sys.exit(code)
