"""Folders that a user names and that cannot be: told in one sentence before anything runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.typed import typed

ROOT = Path(__file__).resolve().parent.parent.parent
NAMING = {  # what names a folder → a command with it
    "--store": "plan tableD1 --store={P}",
    "--data-dir": "plan tableD1 --data-dir={P}",
    "--out": "report tableD1 --out={P}",
    "--project": "list --project={P}",
    "--weights": "plan lab-fig4 --weights={P}",
    "--write-nodes": "plan tableD1 --write-nodes={P}",
    "diff": "diff {P} {P}",
    "NODE.json": "worker {P}",
}
VARIABLES = {
    "HARNESS_STORE": "plan tableD1",
    "HARNESS_DATA_DIR": "plan tableD1",
    "HARNESS_OUT": "report tableD1",
}
NO_TEXT = os.fsdecode(b"/tmp/caf\xe9")


@pytest.mark.parametrize("naming", NAMING)
def test_a_home_that_nobody_has_is_named(
    naming: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = typed(NAMING[naming].replace("{P}", "~nosuch/x"), monkeypatch, capsys)
    assert said.code == 2
    assert said.err == (
        f"{naming} ~nosuch/x: no home folder is known for ~nosuch – spell the path out\n"
    )


@pytest.mark.parametrize("variable", VARIABLES)
def test_a_home_that_nobody_has_is_named_in_a_variable(
    variable: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(variable, "~nosuch/x")
    said = typed(VARIABLES[variable], monkeypatch, capsys)
    assert said.code == 2
    assert said.err.startswith(f"{variable} ~nosuch/x: no home folder is known for ~nosuch")


@pytest.mark.parametrize("between", ["=", " "])
@pytest.mark.parametrize("naming", NAMING)
def test_a_path_that_is_no_text_is_refused(
    naming: str, between: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line = NAMING[naming].replace("={P}", f"{between}{NO_TEXT}").replace("{P}", NO_TEXT)
    said = typed(line, monkeypatch, capsys)
    assert said.code == 2
    assert "caf\\udce9: is not UTF-8, and could not be recorded – rename it" in said.err
    assert said.err.count("\n") == 1
    assert said.err.startswith((f"{naming} /tmp/caf", f"harness {naming}=/tmp", "harness /tmp"))
    assert said.err.startswith("harness") is not (naming.startswith("--") and between == " ")


@pytest.mark.parametrize("room", ["specs", "specs/paper", "golden", "golden/paper", "figures"])
def test_a_folder_of_the_project_without_rights_is_no_folder_without_files(
    room: str, tmp_path: Path
) -> None:
    for name in ("specs", "golden"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "study.toml", tmp_path)
    (tmp_path / "figures").mkdir()
    locked = tmp_path / room
    locked.chmod(0)
    words = [sys.executable, "-m", "harness", "list", "--project", str(tmp_path)]
    try:
        ran = subprocess.run(
            [*without_rights(), *words], cwd=ROOT, capture_output=True, text=True, check=False
        )
    finally:
        locked.chmod(0o700)
    assert ran.returncode == 2
    assert ran.stderr == (
        f"{locked}: cannot be read by this user – make it readable for this user\n"
    )


@pytest.mark.parametrize("variable", VARIABLES)
def test_a_variable_that_is_no_text_is_refused(
    variable: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(variable, NO_TEXT)
    said = typed(VARIABLES[variable], monkeypatch, capsys)
    assert said.code == 2
    assert said.err.startswith(f"{variable} /tmp/caf\\udce9: is not UTF-8")


def test_a_working_folder_that_is_no_text_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = tmp_path / os.fsdecode(b"caf\xe9")
    here.mkdir()
    monkeypatch.chdir(here)
    said = typed("plan tableD1 --store store", monkeypatch, capsys)
    assert said.code == 2
    assert "/store: is not UTF-8" in said.err
    link = tmp_path / "link"
    link.symlink_to(here)
    assert typed(f"plan tableD1 --store {link}/store", monkeypatch, capsys).code == 0


def test_a_path_is_told_by_its_locale_where_that_is_what_is_wrong(
    tmp_path: Path,
) -> None:
    env = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    words = [sys.executable, "-m", "harness", "plan", "tableD1", "--store", f"{tmp_path}/é"]
    ran = subprocess.run(words, cwd=ROOT, env=os.environ | env, capture_output=True, check=False)
    assert ran.returncode == 2
    assert b"whose encoding is ascii - set LC_ALL=C.UTF-8 or PYTHONUTF8=1" in ran.stderr


def test_a_working_folder_that_was_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    here.rmdir()
    for line in ("list", "plan tableD1 --store x", "diff a b", f"list --project {ROOT}"):
        said = typed(line, monkeypatch, capsys)
        assert said.code == 2
        assert said.err.startswith("the working folder: cannot be used: No such file or directory")
    assert typed("--help", monkeypatch, capsys).code == 0


def test_a_name_that_is_too_long(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = typed(f"plan tableD1 --store /tmp/{'x' * 300}", monkeypatch, capsys)
    assert said.code == 2
    assert "…: cannot be looked at: File name too long – --store must be readable" in said.err


def without_rights() -> list[str]:
    """What starts a process that is refused what its user may not do, also for root."""
    if os.geteuid():
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("runs as root, whom nothing is refused, and there is no setpriv to change that")
    rights = "-dac_override,-dac_read_search"
    return ["setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}"]


@pytest.mark.parametrize("below", ["", "/below"])
@pytest.mark.parametrize("naming", NAMING)
def test_a_folder_without_rights_is_no_crash(naming: str, below: str, tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    (locked / "below").mkdir(parents=True)
    locked.chmod(0)
    words = NAMING[naming].replace("{P}", f"{locked}{below}").split()
    try:
        ran = subprocess.run(
            [*without_rights(), sys.executable, "-m", "harness", *words],
            cwd=ROOT,
            env=os.environ | {"HARNESS_STORE": f"{tmp_path}/store"},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
    finally:
        locked.chmod(0o700)
    assert ran.returncode == 2, ran.stderr
    assert str(locked) in ran.stderr
    assert is_denied(ran.stderr), ran.stderr
    assert ran.stderr.count("\n") == 1


def is_denied(said: str) -> bool:
    """Whether a sentence says that it is a matter of rights."""
    words = ("Permission denied", "cannot be read by this user", "is not readable for this user")
    return any(one in said for one in words)
