"""The wheel and the sdist, installed and used from a folder that has nothing to do with them."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
TINY = (
    *("reproduce", "table1", "--jobs", "1", "--set", "neuron=relu", "--set", "depth=8"),
    *("--set", "width=1", "--set", "network.base_width=2", "--set", "recipe.epochs=1"),
)


def built(source: Path, kind: str, into: Path) -> Path:
    """What hatchling builds of a source tree, with what is installed here."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(into)]
    subprocess.run(command, cwd=source, check=True, capture_output=True, text=True)
    (made,) = into.iterdir()
    return made


@pytest.fixture(scope="module")
def wheels(root: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The wheel of the checkout, and the wheel that an installer makes of the sdist."""
    folder = tmp_path_factory.mktemp("built")
    with tarfile.open(built(root, "sdist", folder / "sdist")) as packed:
        packed.extractall(folder / "source", filter="data")
    (source,) = (folder / "source").iterdir()
    return built(root, "wheel", folder / "wheel"), built(source, "wheel", folder / "again")


@pytest.fixture(scope="module")
def installed(wheels: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds what the wheel of the sdist puts into site-packages."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheels[1]) as packed:
        packed.extractall(folder)  # noqa: S202 - made above
    return folder


def python(installed: Path, here: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter, which imports what is installed there and writes nothing beside it."""
    ours = {"PYTHONPATH": str(installed), "PYTHONDONTWRITEBYTECODE": "1"}
    ours |= {"OMP_NUM_THREADS": "1", "CI": "1", "NUMBA_CACHE_DIR": str(installed.parent / "numba")}
    kept = {name: said for name, said in os.environ.items() if not name.startswith("HARNESS_")}
    return subprocess.run(
        [sys.executable, *words], cwd=here, env=kept | ours, capture_output=True, text=True
    )


def harness(installed: Path, here: Path, *words: str) -> str:
    ran = python(installed, here, "-P", "-m", "harness", *words)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_the_sdist_gives_the_wheel_of_the_checkout(wheels: tuple[Path, Path]) -> None:
    first, second = (
        {one.filename: one.CRC for one in zipfile.ZipFile(wheel).infolist()} for wheel in wheels
    )
    assert first == second
    assert "harness/builtin/specs/paper/table1.toml" in first


def test_a_study_runs_on_what_is_installed_alone(installed: Path, tmp_path: Path) -> None:
    there = sorted(installed.rglob("*"))
    assert "table1" in harness(installed, tmp_path, "list")
    assert "written: mine/study.toml" in harness(installed, tmp_path, "init", "mine")
    study = tmp_path / "mine"
    assert "2 train" in harness(installed, study, "plan", "own")
    assert "2 nodes run" in harness(installed, study, *TINY)
    page = (study / "out/smoke/report.html").read_text(encoding="utf-8")
    assert str(tmp_path) not in page
    assert str(installed) not in page
    assert (study / "out/smoke/table1/table1.svg").is_file()
    assert len(list((study / "store/nodes").rglob("manifest.json"))) == 2
    assert sorted(installed.rglob("*")) == there


def test_without_a_study_the_built_in_one_writes_into_the_working_folder(
    installed: Path, tmp_path: Path
) -> None:
    code = (
        "from harness.canary.kept import has_canary, read_kept; from harness.layout import layout;"
        "found = layout(); assert has_canary(found) and read_kept(found.golden).traces;"
        "print(found.project, found.store, found.out, found.data, sep='\\n')"
    )
    ran = python(installed, tmp_path, "-P", "-c", code)
    here = [str(tmp_path / name) for name in ("store", "out", "data")]
    assert ran.stdout.splitlines() == [str(installed / "harness/builtin"), *here], ran.stderr
    ended = python(installed, tmp_path, "-P", "-m", "harness", "schema", "--write")
    assert ended.returncode == 2
    assert "belongs to the installed package, and is not written to – harness init" in ended.stderr
