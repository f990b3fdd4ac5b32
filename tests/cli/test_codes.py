"""Each exit code has one meaning, and none hides a worse one."""

from __future__ import annotations

import pytest

from harness.app import Outcome
from tests.cli.typed import typed


@pytest.mark.parametrize(
    ("failed", "broken", "code"),
    [
        (False, False, 0),
        (False, True, 1),
        (True, False, 3),
        (True, True, 1),  # that a run failed as well hides nothing
    ],
)
def test_what_does_not_hold_is_told_whatever_else_went_wrong(
    failed: bool,
    broken: bool,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("harness.app.check", lambda *_: Outcome(failed, broken, (), {}))
    assert typed("check table1 --no-canary", monkeypatch, capsys).code == code
