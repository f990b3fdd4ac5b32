"""The Triton kernels, compiled for an H100, which needs no GPU."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from benchmarks.kernels import compiled, kernels, use_of
from tests.interpreted import INTERPRETED

pytest.importorskip("triton", reason="NOT TESTED: triton is not installed")


@pytest.mark.skipif(INTERPRETED, reason="compiles")
@pytest.mark.parametrize(
    ("steps", "dtype"), [(4, torch.float16), (8, torch.float16), (20, torch.float32)]
)
def test_no_register_spills_and_loads_are_wide(
    steps: int, dtype: torch.dtype, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    found = [use_of(name, compiled(one, how, dtype)) for name, one, how in kernels(steps, dtype)]
    assert len(found) == (12 if steps <= 8 else 4)
    for use in found:
        assert use.spilled == 0 and use.registers <= 255, use
        wide = 8 if steps == 8 and use.kernel.startswith("tdBN") else 16
        assert use.load == wide, use
