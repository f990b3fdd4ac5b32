"""What the machine can do at most, measured: matrix products and copies."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from statistics import median

import torch


def ceilings(device: str, rounds: int) -> Mapping[str, float]:
    """GEMM in GFLOP/s (float32 and bfloat16, n = 2048 on the CPU, 8192 on a GPU) and copy in GB/s
    (read and write counted), medians.
    """
    side = 8192 if device == "cuda" else 2048
    bytes_copied = 2**30 if device == "cuda" else 2**28
    found = {}
    for name, dtype in {"f32": torch.float32, "bf16": torch.bfloat16}.items():
        a = torch.ones(side, side, device=device, dtype=dtype)
        b, out = torch.ones_like(a), torch.empty_like(a)
        seconds = _median(lambda a=a, b=b, out=out: torch.mm(a, b, out=out), rounds)  # type: ignore[misc]
        found[f"GEMM {name}, GFLOP/s"] = 2 * side**3 / seconds / 1e9
    source = torch.ones(bytes_copied // 4, device=device)
    target = torch.empty_like(source)
    seconds = _median(lambda: target.copy_(source), rounds)
    found["copy, GB/s"] = 2 * bytes_copied / seconds / 1e9
    return found


def _median(work: Callable[[], object], rounds: int) -> float:
    times = []
    for _ in range(rounds + 1):
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        started = time.perf_counter()
        work()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        times.append(time.perf_counter() - started)
    return median(times[1:])
