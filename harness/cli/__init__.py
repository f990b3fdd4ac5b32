"""The command line: a file per command, put together here, and the way from a fault to a sentence
and an exit code.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn

from cyclopts import App, CycloptsError, Group, Parameter

import harness
from harness.cli.faults import in_words, require_words
from harness.cli.options import OPTIONS
from harness.errors import ExitCode, HarnessError
from harness.execute.interrupt import Interrupted
from harness.files import os_errors
from harness.layout import require_working_folder
from harness.terminal.output import Output
from harness.terminal.streams import reader_left

COMMANDS = {
    "Reproduce": ("init", "list_", "plan", "reproduce", "report", "check", "worker"),
    "Results": ("runs", "show", "table", "diff", "rm", "pack", "unpack", "merge"),
    "Look after it": ("doctor", "gpu", "verify", "gc", "golden", "schema"),
}
"""Heading of the help → functions, each in the file of its name."""

app = App(
    name="harness",
    help="""Reproduce published tables and figures from their specs, and say how far they hold.

For example:

- `harness list`
- `harness plan table1`
- `harness reproduce table1`
- `harness COMMAND --help` for the options and examples of a command

Exit codes: 0 ok · 1 something does not hold, differs, is broken or missing · 2 bad spec or usage ·
3 a run, a drawing or a write failed · 4 what holds was made by other code or versions · 70 a bug of
the harness · 130 interrupted · 141 the reader of a pipe left
""",
    help_format="markdown",
    version=f"harness {harness.__version__}",
    group_commands=OPTIONS,
    group_parameters=OPTIONS,
    default_parameter=Parameter(negative=(), show_default=False, allow_repeating=True),
    result_action="return_value",
    exit_on_error=False,
    print_error=False,
    suppress_keyboard_interrupt=False,
)
for after, (heading, functions) in enumerate(COMMANDS.items(), 5):
    group = Group(heading, sort_key=after)
    for place, function in enumerate(functions):
        name = function.rstrip("_")
        app.command(f"harness.cli.{name}:{function}", name=name, group=group, sort_key=place)
app.register_install_completion_command(help="teach the shell the names of everything")


@app.command(name="--show-completion")
def show_completion() -> None:
    """print what --install-completion would install"""
    print(app.generate_completion())


def main() -> None:
    """Faults become one sentence on stderr and the exit code of `errors.ExitCode`."""
    words = sys.argv[1:]
    try:
        require_words(words)
        if not {"--help", "-h", "--version"} & set(words):
            require_working_folder()
        code = _run(words)
    except CycloptsError as error:
        _end(ExitCode.USAGE, str(in_words(error, app)))
    except HarnessError as error:
        _end(error.code, str(error))
    except Interrupted as signal:
        _end(ExitCode.INTERRUPTED, f"\nstopped by {signal}; the same command goes on from here")
    except KeyboardInterrupt:  # before or after the runs
        _end(ExitCode.INTERRUPTED, "\nstopped by SIGINT; the same command goes on from here")
    sys.exit(code)


def _run(words: list[str]) -> int:
    """The command; its exit code. Nothing typed shows the help, and is wrong usage."""
    if not words or words[0].startswith("-"):
        app.resolved_commands()  # each says in the help of all what it does
    with os_errors(Path("harness")):
        try:
            code = app(words, console=Output())
        except BrokenPipeError:
            reader_left()
    return int(code or ExitCode.OK) if words else ExitCode.USAGE


def _end(code: ExitCode, said: str) -> NoReturn:
    print(said, file=sys.stderr)
    sys.exit(code)
