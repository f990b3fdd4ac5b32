"""The command line in this process: what was typed → exit code, standard output and error."""

from __future__ import annotations

import shlex
from typing import NamedTuple

import pytest

from harness.__main__ import main


class Said(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


def typed(line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Said:
    """Run one command line as the entry point does."""
    monkeypatch.setattr("sys.argv", ["harness", *shlex.split(line)])
    with pytest.raises(SystemExit) as ended:
        main()
    code = ended.value.code
    assert isinstance(code, int), code
    shown = capsys.readouterr()
    return Said(code, shown.out, shown.err)
