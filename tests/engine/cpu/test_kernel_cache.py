"""Kernels run whether or not there is a place to keep them, and a changed one is never the old."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("numba")

from tests.namespaces import has_users

COUNT = """
import numpy as np
from harness.engine.cpu.floats import jit
from harness.engine.cpu.process import kernel_cache
print(kernel_cache())
from harness.engine.data.events.frames_kernel import count
one, number = np.zeros(3, np.uint8), np.uint32
counts = np.zeros((1, 2), np.int16)
assert count(one, one, one, np.array([0, 3]), *map(number, (1, 1, 1, 1, 0, 1)), counts)
print(counts.tolist(), "compiled", len(count.stats.cache_misses))
"""
COUNTED = "[[3, 0]] compiled"


@pytest.fixture
def code(root: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of the code, in which nothing has been compiled."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(root / "harness", tmp_path / "code/harness", ignore=ignored)
    (tmp_path / "here").mkdir()
    yield tmp_path / "code"
    _each_folder(tmp_path / "code", 0o755)


def _each_folder(top: Path, mode: int) -> None:
    for folder in (top, *(path for path in top.rglob("*") if path.is_dir())):
        folder.chmod(mode)


def said(code: Path, *before: str, **variables: str) -> list[str]:
    """The place, and what was counted, by a process that has these variables alone."""
    ran = subprocess.run(
        [*before, sys.executable, "-c", COUNT],
        cwd=code.parent / "here",
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(code), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert list((code.parent / "here").iterdir()) == []  # no folder called ~
    return ran.stdout.splitlines()


@pytest.mark.skipif(not has_users(), reason="UNTESTED: no user namespaces, so no user without home")
def test_code_of_another_user_runs_without_a_home(code: Path, tmp_path: Path) -> None:
    _each_folder(code, 0o555)
    stranger = ("unshare", "--map-user=12345", "--map-group=12345")
    (tmp_path / "tmp").mkdir()
    for compiled in (1, 0):  # kept for the second process
        place, counted = said(code, *stranger, TMPDIR=str(tmp_path / "tmp"))
        assert Path(place).parent == tmp_path / "tmp/snn-cka-harness-12345"
        assert counted == f"{COUNTED} {compiled}"
    for _ in range(2):
        assert said(code, *stranger, TMPDIR="/proc") == ["None", f"{COUNTED} 1"]


def test_a_place_that_was_named_comes_first_and_then_the_code_s_own(
    code: Path, tmp_path: Path
) -> None:
    named = said(code, NUMBA_CACHE_DIR=str(tmp_path / "named"))[0]
    assert Path(named).parent == tmp_path / "named"
    for wrong in ("~nosuch/x", "/proc/x"):
        beside = said(code, NUMBA_CACHE_DIR=wrong)[0]
        assert Path(beside).parent == code / "harness/engine/cpu/__pycache__"


def test_a_change_of_what_kernels_call_compiles_them_anew(code: Path) -> None:
    first = said(code)
    assert said(code) == [first[0], f"{COUNTED} 0"]
    floats = code / "harness/engine/cpu/floats.py"
    floats.write_text(floats.read_text() + "\n# changed\n")
    second = said(code)
    assert second[0] != first[0]
    assert second[1] == f"{COUNTED} 1"


@pytest.mark.parametrize("content", [b"", b"no pickle", None])
def test_a_damaged_cache_costs_a_compilation(code: Path, content: bytes | None) -> None:
    place = Path(said(code)[0])
    for file in place.rglob("*.nb[ic]"):
        file.write_bytes(file.read_bytes()[:-9] if content is None else content)
    assert said(code) == [str(place), f"{COUNTED} 1"]
    assert said(code) == [str(place), f"{COUNTED} 0"]  # mended
