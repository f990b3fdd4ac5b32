"""Each exit code has one meaning, and none hides a worse one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness import app
from harness.app import Outcome
from harness.execute.survey import Survey
from harness.store.made import Otherwise
from tests.cli.typed import typed
from tests.synthetic import PROJECT


@pytest.mark.parametrize(
    ("failed", "broken", "unheld", "code"),
    [
        (False, False, (), 0),
        (False, False, ("fig7",), 1),  # where nothing could fail, nothing holds
        (False, True, (), 1),
        (True, False, (), 3),
        (True, True, (), 1),  # that a run failed as well hides nothing
    ],
)
def test_what_does_not_hold_is_told_whatever_else_went_wrong(
    failed: bool,
    broken: bool,
    unheld: tuple[str, ...],
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("harness.app.check", lambda *_: Outcome(failed, broken, (), {}, unheld))
    assert typed("check table1 --no-canary", monkeypatch, capsys).code == code


def test_a_check_on_a_gpu_that_is_not_there_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("harness.execute.environment.sees_gpu", lambda: False)
    said = typed("check tableD1 --no-canary --device cuda", monkeypatch, capsys)
    assert (said.code, "torch finds no GPU here" in said.err) == (2, True)


@pytest.mark.parametrize(
    ("failed", "broken", "options", "code"),
    [
        (False, False, "", 4),
        (False, False, "--stored", 0),
        (True, False, "--stored", 3),
        (True, False, "", 3),
        (False, True, "--stored", 1),
        (False, True, "", 1),
    ],
)
def test_what_other_code_made_is_no_success_unless_it_is_let_count(
    failed: bool,
    broken: bool,
    options: str,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stale = Otherwise(1, 2, {"by other code": 1})
    monkeypatch.setattr(
        "harness.app.check", lambda *_: Outcome(failed, broken, (), {}, otherwise=stale)
    )
    assert typed(f"check table1 --no-canary {options}", monkeypatch, capsys).code == code


def test_golden_values_are_not_made_of_runs_that_something_else_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def surveyed(*arguments: Any, **more: Any) -> Survey:
        return replace(real(*arguments, **more), otherwise=Otherwise(1, 2, {"by other code": 1}))

    real = app.surveyed
    monkeypatch.setattr(app, "surveyed", surveyed)
    said = typed(f"golden table1 --store {tmp_path}", monkeypatch, capsys)
    assert said.code == 2
    assert "table1: 1 of 2 stored runs was made otherwise" in said.err
    assert "--fresh runs them anew" in said.err


def test_a_check_of_a_part_passes_where_it_holds_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    where = (
        f"--project {PROJECT} --store {tmp_path}/store --out {tmp_path}/out --no-canary --jobs 1"
    )
    said = typed(f"check tableD1 --only depth=20 {where}", monkeypatch, capsys)
    assert said.code == 0 and "tableD1 (1 of 5 cells asked for): reproduced" in said.out
    said = typed(f"check figA6 --only depth=20 {where}", monkeypatch, capsys)
    assert (said.code, "have no such axis" in said.err or "no cell" in said.err) == (2, True)
    said = typed(
        f"report tableD1 --only depth=38 {where.partition(' --no')[0]}", monkeypatch, capsys
    )
    assert said.code == 0 and "not run" in said.out  # of what was not asked for, nothing is there
