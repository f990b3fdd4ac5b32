"""A whole training step: the engine's backends, its peers, and the ANN of the same folded batch.

Before anything is timed, every candidate of ours that computes the same network in float32 must
give the plain loop's loss to 1e-5. A peer that rounds in another order may flip a spike, and with
it all that follows: it is timed all the same, and its row says by how much its loss differs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from benchmarks import peers
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
    differing = _differing({n: step for n, step in steps.items() if known[n].same_numbers}, size)
    peer = PEER if PEER in steps else PLAIN
    found = interleaved(f"training step, {size}", steps, peer=peer, rounds=rounds)
    if memory:
        found = [replace(row, memory_mb=step_memory_mb(row.candidate, size)) for row in found]
    return [
        replace(row, candidate=f"{row.candidate}{differing.get(row.candidate, '')}")
        for row in found
    ]


def _differing(steps: dict[str, Step], size: Size) -> dict[str, str]:
    """Name → remark, for each peer whose first loss is not the plain loop's."""
    expected = steps[PLAIN].loss().item()
    remarks = {}
    for name, step in steps.items():
        difference = step.loss().item() - expected
        if abs(difference) <= LOSS_LIMIT:
            continue
        assert name in peers.layers(size.device), f"{name}: loss differs by {difference:.1e}"
        remarks[name] = f" (loss differs by {difference:+.0e})"
    return remarks
