"""Each exit code has one meaning, and none hides a worse one."""

from __future__ import annotations

import pytest

from harness.chain import Outcome
from harness.errors import ExitCode
from tests.cli.typed import typed


@pytest.mark.parametrize(
    ("runs", "broken", "code"),
    [
        (ExitCode.OK, False, 0),
        (ExitCode.OK, True, 1),
        (ExitCode.RUN_FAILED, False, 3),
        (ExitCode.RUN_FAILED, True, 1),  # that a run failed as well hides nothing
    ],
)
def test_what_does_not_hold_is_told_whatever_else_went_wrong(
    runs: ExitCode,
    broken: bool,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("harness.cli.check.checked", lambda *_: Outcome(runs, broken, {}))
    assert typed("check table1 --no-canary", monkeypatch, capsys).code == code
