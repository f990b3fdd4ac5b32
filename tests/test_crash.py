"""What nobody foresaw has an exit code of its own, a log, and a sentence how to report it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.cli.typed import typed

ROOT = Path(__file__).resolve().parent.parent


def broken(*_: object, **__: object) -> None:
    raise ValueError("of no\nkind")


def test_a_crash_ends_with_70_and_a_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("harness.spec.library.read", broken)
    said = typed("list", monkeypatch, capsys)
    assert (said.code, said.out) == (70, "")
    found = re.fullmatch(
        r"harness: unforeseen fault, ValueError: of no – please report it as a bug of the harness, "
        r"with (.*/harness-crash-.*\.log)\n",
        said.err,
    )
    assert found
    log = Path(found[1]).read_text(encoding="utf-8")
    assert "harness list\n" in log
    assert "Traceback (most recent call last)" in log
    assert "in broken" in log


def test_without_a_folder_for_logs_the_traceback_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def none_usable(**_: object) -> None:
        raise FileNotFoundError("no usable temporary directory")

    monkeypatch.setattr("tempfile.mkstemp", none_usable)
    monkeypatch.setattr("harness.spec.library.read", broken)
    said = typed("list", monkeypatch, capsys)
    assert said.code == 70
    assert "with these lines:\nharness 0" in said.err
    assert "in broken" in said.err


@pytest.mark.parametrize(
    ("module", "code", "told"),
    [
        ("cyclopts", 2, f"harness: the package cyclopts is not installed for {sys.executable} – "),
        ("torch.nn", 2, "harness: the package torch is not installed for "),
        ("harness.nosuch", 70, "harness: unforeseen fault, ModuleNotFoundError: "),
    ],
)
def test_a_package_that_is_not_installed_is_no_bug(
    module: str,
    code: int,
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def lacking(*_: object) -> None:
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("harness.spec.library.read", lacking)
    said = typed("list", monkeypatch, capsys)
    assert said.code == code
    assert said.err.startswith(told)
    assert said.err.endswith(f" -m pip install {ROOT}\n") is (code == 2)


def test_what_the_system_refuses_is_no_crash(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "/somewhere")

    monkeypatch.setattr("harness.spec.library.read", refused)
    said = typed("list", monkeypatch, capsys)
    assert said.code == 3
    assert said.err.startswith("/somewhere: Permission denied – ")
    assert said.err.count("\n") == 1
