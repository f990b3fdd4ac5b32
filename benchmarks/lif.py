"""The LIF layer alone, forward and backward, against a plain loop over time (autograd)."""

from __future__ import annotations

from collections.abc import Callable

import torch

from benchmarks.ratio import Row, interleaved
from harness.engine.lif import lif

PEER = "plain loop"
BACKENDS = {"plain loop": "reference", "one autograd node": "torch", "fused (numba)": "numba"}
ELEMENTS = 2**22  # T·B·N of each case


def rows(rounds: int) -> list[Row]:
    """T = 4, 16, 64 at equal numbers of elements, and a small layer where overhead rules."""
    cases = [(steps, ELEMENTS // steps) for steps in (4, 16, 64)] + [(4, 2**14)]
    found = []
    for steps, neurons in cases:
        current = torch.randn(steps, neurons, generator=torch.Generator().manual_seed(steps))
        case = f"LIF forward + backward, T = {steps}, {steps * neurons:,} elements"
        works = {name: _work(current, backend) for name, backend in BACKENDS.items()}
        found += interleaved(case, works, peer=PEER, rounds=rounds)
    return found


def _work(current: torch.Tensor, backend: str) -> Callable[[], object]:
    def work() -> object:
        leaf = current.detach().requires_grad_()
        spikes = lif(leaf, decay=0.5, threshold=1.0, surrogate="dspike", backend=backend)
        spikes.backward(torch.ones_like(spikes))
        return leaf.grad

    return work
