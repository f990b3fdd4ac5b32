"""What is recorded of the code: its commit, or why that is unknown."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.execute import environment
from harness.execute.environment import CODE, git_state

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="UNTESTED: no git here")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "code.py").write_text("1")
    who = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "first")):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return folder


def commit_of(folder: Path) -> str:
    said = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=folder, check=True, capture_output=True, text=True
    )
    return said.stdout.strip()


@needs_git
def test_a_checkout_has_its_commit_and_whether_it_was_changed(checkout: Path) -> None:
    commit = commit_of(checkout)
    assert git_state(checkout) == commit
    (checkout / "code.py").write_text("2")
    assert git_state(checkout) == f"{commit} with local changes"


@needs_git
def test_git_s_own_variables_do_not_name_another_checkout(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hook of another repository has them."""
    commit = commit_of(checkout)
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.setenv(name, str(checkout / "nowhere"))
    assert git_state(checkout) == commit


@needs_git
def test_a_checkout_of_another_owner_says_so(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # git's own switch for its tests
    said = git_state(checkout)
    assert said == "unknown, because git refuses a checkout of another owner"


@needs_git
def test_a_checkout_without_a_commit_says_so(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    assert git_state(tmp_path).startswith("unknown, because git says: ")


def test_where_there_is_no_checkout_it_says_so(tmp_path: Path) -> None:
    assert git_state(tmp_path) == "unknown, because it is no checkout of git"


def test_where_there_is_no_git_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_state(tmp_path) == "unknown, because git is not installed"


def test_a_git_that_answers_in_part_leaves_no_clean_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".git").mkdir()
    git = tmp_path / "bin" / "git"
    git.parent.mkdir()
    git.write_text('#!/bin/sh\n[ "$1" = rev-parse ] && echo abc && exit 0\nexec sleep 60\n')
    git.chmod(0o755)
    monkeypatch.setenv("PATH", f"{git.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(environment, "GIT_S", 1)
    said = git_state(tmp_path)
    assert said == "abc, local changes unknown, because git took more than 1 s"


def test_the_state_recorded_is_that_of_the_code_that_runs(root: Path, tmp_path: Path) -> None:
    assert root == CODE
    here = environment.environment(root)
    assert here["git"] == git_state(root)
    assert "git_of_project" not in here
    assert environment.environment(tmp_path)["git"] == here["git"]
    assert environment.environment(tmp_path)["git_of_project"] == git_state(tmp_path)


@needs_git
@pytest.mark.parametrize("way", ["monitor", "clean", "process", "sneaky", "hook", "promisor"])
def test_nothing_that_the_settings_of_a_checkout_name_is_run(
    checkout: Path, tmp_path: Path, way: str
) -> None:
    """`--project` may be somebody else's."""
    commit, ran = commit_of(checkout), tmp_path / "ran"
    evil = tmp_path / "evil.sh"
    evil.write_text(f"#!/bin/sh\ntouch {ran}\ncat\n")
    evil.chmod(0o755)
    settings = {
        "monitor": {"core.fsmonitor": str(evil)},
        "clean": {"filter.f.clean": str(evil)},
        "process": {"filter.f.process": str(evil), "filter.f.required": "true"},
        "sneaky": {"filter.f=x.clean": str(evil)},
        "hook": {"core.hooksPath": str(tmp_path / "hooks")},
        "promisor": {
            "remote.origin.promisor": "true",
            "remote.origin.url": f"ext::{evil}",
            "protocol.ext.allow": "always",
            "extensions.partialClone": "origin",
            "core.repositoryFormatVersion": "1",
        },
    }[way]
    for name, value in settings.items():
        subprocess.run(["git", "config", name, value], cwd=checkout, check=True)
    filtered = "f=x" if way == "sneaky" else "f"
    (checkout / ".git/info/attributes").write_text(f"* filter={filtered}\n")
    (tmp_path / "hooks").mkdir()
    shutil.copy(evil, tmp_path / "hooks/post-index-change")
    (checkout / "code.py").write_text("2")  # other content of the same length
    if way == "promisor":
        shutil.rmtree(checkout / ".git/objects")
        (checkout / ".git/objects").mkdir()
        assert "unknown" in git_state(checkout)
    else:
        assert git_state(checkout) == f"{commit} with local changes"
    assert not ran.exists()


def test_the_digest_of_the_code_is_that_of_what_decides_numbers(root: Path, tmp_path: Path) -> None:
    package = tmp_path / "harness"
    for name in (*environment.DECIDING, "report"):
        shutil.copytree(root / "harness" / name, package / name)

    def digest() -> str:
        environment.code_digest.cache_clear()
        return environment.code_digest(package)

    here = digest()
    assert here == digest()
    (package / "report/page.py").write_text("")
    (package / "runs/__pycache__").mkdir(exist_ok=True)
    (package / "runs/__pycache__/train.pyc").write_text("")
    assert digest() == here
    found = {here}
    for path in ("engine/lif/layer.py", "parts/neurons.py", "runs/train.py", "measures/cka.py"):
        (package / path).write_text(f"{(package / path).read_text()}\n")
        found.add(digest())
    (package / "engine/new.py").touch()  # which git would not even list
    found.add(digest())
    (package / "engine/new.py").rename(package / "engine/newer.py")
    found.add(digest())
    assert len(found) == 7
    environment.code_digest.cache_clear()


def test_torch_of_the_working_folder_is_not_imported(root: Path, tmp_path: Path) -> None:
    for name in ("torch", "pickle", "multiprocessing"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\n")
    script = tmp_path / "bin" / "harness"
    script.parent.mkdir()
    script.write_text("import sys; from harness.__main__ import main; sys.exit(main())")
    for command in ([str(script)], ["-m", "harness"]):
        ran = subprocess.run(
            [sys.executable, *command, "check", "--canary", "--device", "cuda"],
            cwd=tmp_path,
            env={"PYTHONPATH": str(root), "CUDA_VISIBLE_DEVICES": "", "PATH": ""},
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 2, ran.stderr
        assert "torch finds no GPU here" in ran.stderr
        assert not (tmp_path / "ran").exists()
