"""Peak memory of one training step, each candidate in an operating-system process of its own."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.candidates import Size, Step, candidates
from harness.execute.environment import peak_memory_mb, reset_peak_memory


def step_memory_mb(candidate: str, size: Size) -> float | None:
    """MB above what was there before the step: of the GPU, or resident; None where nobody knows."""
    fresh = multiprocessing.get_context("forkserver")  # imports torch once, computes nothing
    fresh.set_forkserver_preload(["benchmarks.candidates"])
    with ProcessPoolExecutor(1, mp_context=fresh) as pool:
        return pool.submit(_measure, candidate, size, torch.get_num_threads()).result()


def _measure(candidate: str, size: Size, threads: int) -> float | None:
    torch.set_num_threads(threads)
    chosen = candidates(size.device)[candidate]
    Step(chosen, replace(size, batch=2, side=8, base_width=4))()  # imports and compiles
    step = Step(chosen, size)
    if size.device == "cuda":
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        step()
        return (torch.cuda.max_memory_allocated() - before) / 1e6
    reset_peak_memory()
    resident = _resident_mb()
    step()
    peak = peak_memory_mb()
    return None if peak is None or resident is None else peak - resident


def _resident_mb() -> float | None:
    try:
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmRSS:"):
                return float(line.split()[1]) / 1000
    except OSError:
        return None
    return None
