"""Freed memory: kept where asked for. In processes of their own, since it cannot be undone."""

from __future__ import annotations

import subprocess
import sys

import pytest

from harness.engine.cpu.process import keep_freed_memory

FAULTS = """
import resource, sys
import numpy as np
from harness.engine.cpu.process import keep_freed_memory

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

kept = keep_freed_memory() if sys.argv[1] == "kept" else False
for _ in range(3):
    before = faults()
    np.ones(10_000_000)  # 80 MB, above what glibc ever takes from its heap by itself
print(kept, faults() - before)
"""


def told(argument: str) -> tuple[str, int]:
    run = [sys.executable, "-c", FAULTS, argument]
    kept, faults = subprocess.run(run, capture_output=True, text=True, check=True).stdout.split()
    return kept, int(faults)


@pytest.mark.skipif(sys.platform != "linux", reason="NOT TESTED: needs glibc")
def test_what_was_freed_comes_back_without_faults() -> None:
    returned, kept = told("returned"), told("kept")
    if kept[0] == "False":
        pytest.skip("NOT TESTED: this C library has no mallopt")
    assert kept[1] < returned[1] / 5


def test_a_c_library_without_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctypes.CDLL", lambda name: object())
    assert not keep_freed_memory()
