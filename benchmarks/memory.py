"""Peak memory, of each piece of work in an operating-system process of its own."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.candidates import Size, Step, candidates
from harness.execute.environment import peak_memory_mb, reset_peak_memory


def step_memory_mb(candidate: str, size: Size) -> float | None:
    """MB above what was there before the step: of the GPU, or resident; None where nobody knows."""
    return _alone(_measure, candidate, size, torch.get_num_threads())


def peak_of(prepare: Callable[..., Callable[[], object]], *numbers: Any) -> float | None:
    """MB resident at most while the work that `prepare(*numbers)` gives is done, above what was
    there before it; None where nobody knows.
    """
    return _alone(_measure_work, prepare, numbers, torch.get_num_threads())


def _alone(measure: Callable[..., float | None], *given: Any) -> float | None:
    fresh = multiprocessing.get_context("forkserver")  # imports torch once, computes nothing
    fresh.set_forkserver_preload(["benchmarks.candidates"])
    with ProcessPoolExecutor(1, mp_context=fresh) as pool:
        return pool.submit(measure, *given).result()


def _measure_work(
    prepare: Callable[..., Callable[[], object]], numbers: tuple[Any, ...], threads: int
) -> float | None:
    torch.set_num_threads(threads)
    return _resident_peak(prepare(*numbers))


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
    return _resident_peak(step)


def _resident_peak(work: Callable[[], object]) -> float | None:
    reset_peak_memory()
    resident = _resident_mb()
    work()
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
