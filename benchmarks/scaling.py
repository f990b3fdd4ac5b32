"""How the training step grows with T, batch, width and depth, and what checkpointing costs."""

from __future__ import annotations

from dataclasses import replace

from benchmarks import training_step
from benchmarks.candidates import ANN, PLAIN, Size
from benchmarks.ratio import Row

_COMPARED = (PLAIN, "SpikingJelly", "fused", "fused, channels_last", ANN)
_SAVING = (PLAIN, "fused", "fused, recomputed blocks")


def rows(size: Size, rounds: int) -> list[Row]:
    """One case per size, the others held; batch falls as T grows, so that a step stays short."""
    cases = [
        replace(size, time_steps=steps, batch=max(1, size.batch // steps)) for steps in (1, 4, 16)
    ]
    cases += [replace(size, batch=max(1, size.batch // part)) for part in (4, 2)]
    cases += [replace(size, width=width, batch=max(1, size.batch // 8)) for width in (1, 2, 4)]
    cases += [replace(size, depth=depth, batch=max(1, size.batch // 8)) for depth in (20, 56, 110)]
    found = []
    for case in dict.fromkeys(cases):
        found += training_step.rows(case, rounds, only=_COMPARED, memory=False)
    for steps in (32, 128):
        long = replace(size, time_steps=steps, batch=max(1, size.batch // 32))
        found += training_step.rows(long, rounds, only=_SAVING)
    return found
