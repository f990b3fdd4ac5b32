"""A whole training step: the engine's backends, its peers, and the ANN of the same folded batch.

Before anything is timed, every candidate that computes the same network in float32 must give the
plain loop's loss to 1e-5.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from rich.console import Console

from benchmarks.candidates import PLAIN, Size, Step, candidates
from benchmarks.memory import step_memory_mb
from benchmarks.ratio import Row, interleaved

LOSS_LIMIT = 1e-5
PEER = "SpikingJelly"


def rows(
    size: Size, rounds: int, *, only: Iterable[str] | None = None, memory: bool = True
) -> list[Row]:
    """One case; `only` names the candidates, all of them without it."""
    known = candidates(size.device)
    names = list(known) if only is None else [name for name in only if name in known]
    steps = {name: Step(known[name], size) for name in names}
    _require_same_loss({n: step for n, step in steps.items() if known[n].same_numbers})
    peer = PEER if PEER in steps else PLAIN
    found = interleaved(f"training step, {size}", steps, peer=peer, rounds=rounds)
    if not memory:
        return found
    return [replace(row, memory_mb=step_memory_mb(row.candidate, size)) for row in found]


def _require_same_loss(steps: dict[str, Step]) -> None:
    expected = steps[PLAIN].loss().item()
    for name, step in steps.items():
        loss = step.loss().item()
        assert abs(loss - expected) <= LOSS_LIMIT, f"{name}: loss {loss}, {PLAIN}: {expected}"
    Console(stderr=True).print(f"same loss to {LOSS_LIMIT}: {', '.join(steps)}")
