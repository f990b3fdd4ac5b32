"""Triton kernels in tests: compiled where there is a GPU, else run by Triton's interpreter.

Triton reads TRITON_INTERPRET when it is imported, so the interpreted tests of a file run in a
pytest of their own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
import torch

Test = TypeVar("Test", bound=Callable[..., None])

INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"
GPU = torch.cuda.is_available()
PLACE = "cuda" if GPU and not INTERPRETED else "cpu"

_RUN = pytest.mark.skipif(
    not (GPU or INTERPRETED), reason="no GPU here: run by the interpreter instead"
)
_ON_GPU = pytest.mark.skipif(not GPU, reason="NOT TESTED: needs a CUDA GPU, and there is none")


def kernels_run(test: Test) -> Test:
    """On a GPU compiled, with the mark `cuda`; elsewhere interpreted."""
    return pytest.mark.cuda(_RUN(test))


def on_gpu(test: Test) -> Test:
    """On a GPU alone, with the mark `cuda`."""
    return pytest.mark.cuda(_ON_GPU(test))


def require_interpreted_tests(file: str, root: Path, only: str = "") -> None:
    """All tests of the file, or those with `only` in their names, pass under the interpreter; on a
    GPU only compiled kernels run.
    """
    pytest.importorskip("triton", reason="NOT TESTED: triton is not installed")
    if GPU:
        pytest.skip("the kernels run compiled here")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", file, "-k", only],
        cwd=root,
        env={**os.environ, "TRITON_INTERPRET": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0 and " passed" in run.stdout, run.stdout + run.stderr
