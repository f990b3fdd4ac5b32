"""The command line in this process: what was typed → exit code, standard output and error."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import NamedTuple

import pytest
from cyclopts import Argument

from harness.__main__ import main
from harness.cli import COMMANDS, app

NAMES = [one.rstrip("_") for functions in COMMANDS.values() for one in functions]


class Said(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


def typed(line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Said:
    """Run one command line as the entry point does."""
    monkeypatch.setenv("PYTHONSAFEPATH", "")  # as it was, afterwards
    monkeypatch.setattr("sys.argv", ["harness", *shlex.split(line)])
    with pytest.raises(SystemExit) as ended:
        main()
    code = ended.value.code
    assert isinstance(code, int), code
    shown = capsys.readouterr()
    return Said(code, shown.out, shown.err)


def arguments(name: str) -> list[Argument]:
    """What a command can be given."""
    return [one for one in app[name].assemble_argument_collection() if one.show]


def parsed(words: Sequence[str]) -> None:
    """Parse a command line and run nothing; raises what the parser refuses."""
    app.parse_args(list(words), exit_on_error=False, print_error=False)
