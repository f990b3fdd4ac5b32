"""Interleaved A/B timing: a shared machine disturbs both sides alike, so their ratio stands."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

import torch

Work = Callable[[], object]

WARM_UP = 3  # rounds, until the allocator keeps what each candidate needs


@dataclass(frozen=True)
class Row:
    """One candidate against the peer of its case."""

    case: str
    candidate: str
    ms: float  # median
    ratio: float  # peer's time / this time, the median over rounds: above 1 is faster
    low: float  # quartiles of the ratio over rounds
    high: float
    rounds: int
    memory_mb: float | None = None  # of one step, above what was there before it


def interleaved(case: str, candidates: Mapping[str, Work], *, peer: str, rounds: int) -> list[Row]:
    """Time every candidate once per round, in turn; the first rounds warm up and are left out."""
    spent: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds + WARM_UP):
        for name, work in candidates.items():
            spent[name].append(_seconds(work))
    base = spent[peer][WARM_UP:]
    rows = []
    for name, times in spent.items():
        ratios = sorted(b / t for b, t in zip(base, times[WARM_UP:], strict=True))
        quarter = len(ratios) // 4
        ms = 1000 * median(times[WARM_UP:])
        rows.append(
            Row(case, name, ms, median(ratios), ratios[quarter], ratios[-1 - quarter], rounds)
        )
    return rows


def _seconds(work: Work) -> float:
    _wait()
    started = time.perf_counter()
    work()
    _wait()
    return time.perf_counter() - started


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
