"""What the doctor says is so, and each thing once."""

from __future__ import annotations

import shlex
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from harness.cli import health as upkeep
from harness.cli.health import Finding, Health, examine
from harness.errors import HarnessError
from harness.execute.environment import OTHER_OWNER
from harness.layout import Layout, refuse_unwritable
from tests.cli.typed import typed


def layout_of(project: Path, tmp_path: Path, data: Path | None = None) -> Layout:
    return Layout(project, tmp_path / "store", tmp_path / "out", data or tmp_path / "data")


def found(layout: Layout) -> dict[str, Finding]:
    return {one.what: one for one in examine(layout)}


def test_nothing_is_listed_twice(root: Path, tmp_path: Path) -> None:
    names = Counter(one.what for one in examine(layout_of(root, tmp_path)))
    assert {name for name, count in names.items() if count > 1} == set()
    assert {"data cifar10", "data digits", "code", "compiled kernels"} <= set(names)


def test_code_that_is_not_the_project_s_is_named(root: Path, project: Path, tmp_path: Path) -> None:
    assert found(layout_of(project, tmp_path))["harness"].health is Health.GOOD  # specs alone
    (project / "harness").mkdir()
    said = found(layout_of(project, tmp_path))["harness"]
    assert said.health is Health.NOTE
    assert f"at {root}, and not the harness/ of {project}" in said.found


@pytest.mark.parametrize(
    ("state", "health", "fix"),
    [
        ("abc with local changes", Health.GOOD, ""),
        (f"unknown, because {OTHER_OWNER}", Health.NOTE, "git config --global --add safe"),
        ("unknown, because git is not installed", Health.NOTE, ""),
    ],
)
def test_an_unknown_commit_is_told_with_what_helps(
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    state: str,
    health: Health,
    fix: str,
) -> None:
    made_with = upkeep.environment(root) | {"git": state}
    monkeypatch.setattr(upkeep, "environment", lambda project: made_with)
    said = found(layout_of(root, tmp_path))["code"]
    assert said.health is health
    assert state in said.found
    assert said.fix.startswith(fix) and bool(said.fix) == bool(fix)


def test_kernels_that_are_kept_nowhere_are_told(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "kernel_cache", lambda: tmp_path / "kernels")
    assert found(layout_of(root, tmp_path))["compiled kernels"].found.endswith("/kernels")
    monkeypatch.setattr(upkeep, "kernel_cache", lambda: None)
    said = found(layout_of(root, tmp_path))["compiled kernels"]
    assert said.health is Health.NOTE
    assert "each process compiles anew, about" in said.found


@pytest.mark.parametrize(
    ("name", "file", "fix"),
    [
        ("cifar-10-batches-py", "", "name the folder above: --data-dir {above}"),
        ("mine", "data_batch_1", "rename it to cifar-10-batches-py and name the folder above: "),
    ],
)
def test_the_folder_of_a_set_is_not_the_data_folder(
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    file: str,
    fix: str,
) -> None:
    from harness.engine.data.checksums import LAYOUTS

    data = tmp_path / name
    data.mkdir()
    for one in LAYOUTS["cifar10"].files if file else ():
        (data / one).touch()
    assert fix.format(above=tmp_path) in found(layout_of(root, tmp_path, data))["data cifar10"].fix
    monkeypatch.chdir(root)
    line = f"plan fig2 --profile quick --data-dir {shlex.quote(str(data))} --store {tmp_path}/s"
    said = typed(line, monkeypatch, capsys)
    assert said.code == 2
    assert f"--data-dir {data}: is the folder of cifar10 itself" in said.err
    assert fix.format(above=tmp_path) in said.err


def test_a_file_is_not_the_data_folder(root: Path, tmp_path: Path) -> None:
    archive = tmp_path / "cifar-10-python.tar.gz"
    archive.touch()
    said = found(layout_of(root, tmp_path, archive))["data cifar10"]
    assert f"--data-dir {tmp_path}" in said.fix


def test_a_link_that_leads_nowhere_is_told_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    for folder in (tmp_path / "link", tmp_path / "link" / "below"):
        with pytest.raises(HarnessError, match=r"is a link to .*/gone, which is not there"):
            refuse_unwritable(folder, "--store")


def test_data_of_a_study_s_own_are_counted_or_what_is_wrong_is_said(
    project: Path, tmp_path: Path
) -> None:
    blocks = project / "specs/blocks/datasets.toml"
    own = '\n[own]\nkind = "arrays"\nname = "own"\ntrain = "own.npz"\ntest = "own.npz"\n'
    blocks.write_text(blocks.read_text(encoding="utf-8") + own, encoding="utf-8")
    said = found(layout_of(project, tmp_path))["data own"]
    assert (said.health, "own.npz:images cannot be read" in said.found) == (Health.NOTE, True)
    images = np.zeros((6, 8, 8), np.uint8)
    np.savez(project / "own.npz", images=images, labels=np.arange(6) % 2)
    said = found(layout_of(project, tmp_path))["data own"]
    assert (said.health, said.found) == (Health.GOOD, "6 to train on, 6 to test on")
