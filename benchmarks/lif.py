"""The LIF layer alone, forward and backward: the engine's backends and its peers."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from benchmarks import peers
from benchmarks.ratio import Row, interleaved
from harness.engine.lif import lif

ELEMENTS = 2**22  # T·B·N of each case
PLAIN, PEER = "plain loop", "SpikingJelly"

Layer = Callable[[Tensor, int], Tensor]


def rows(rounds: int, device: str, elements: int = ELEMENTS) -> list[Row]:
    """T = 4, 16, 64 at equal numbers of elements, and a small layer where overhead rules."""
    cases = [(steps, elements // steps) for steps in (4, 16, 64)] + [(4, 2**14)]
    backends = {PLAIN: "reference", "one autograd node": "torch"}
    backends["fused"] = "triton" if device == "cuda" else "numba"
    found = []
    for steps, neurons in cases:
        draw = torch.Generator().manual_seed(steps)
        current = torch.randn(steps, neurons, generator=draw).to(device)
        layers: dict[str, Layer] = {name: _ours(backend) for name, backend in backends.items()}
        layers |= {name: make().to(device) for name, make in peers.layers(device).items()}
        _require_same_spikes(current, layers)
        case = f"LIF forward + backward, T = {steps}, {steps * neurons:,} elements, {device}"
        works = {name: _work(current, layer) for name, layer in layers.items()}
        found += interleaved(case, works, peer=PEER if PEER in works else PLAIN, rounds=rounds)
    return found


def _ours(backend: str) -> Layer:
    def layer(folded: Tensor, time_steps: int) -> Tensor:
        return lif(folded, decay=0.5, threshold=1.0, surrogate="dspike", backend=backend)

    return layer


def _require_same_spikes(current: Tensor, layers: dict[str, Layer]) -> None:
    """All but one in a million: norse rounds its potential otherwise."""
    expected = layers[PLAIN](current, len(current))
    for name, layer in layers.items():
        differing = (layer(current, len(current)) != expected).float().mean().item()
        assert differing <= 1e-6, f"{name}: {differing:.1e} of the spikes differ from {PLAIN}'s"


def _work(current: Tensor, layer: Layer) -> Callable[[], object]:
    gradient = torch.ones_like(current)

    def work() -> object:
        leaf = current.detach().requires_grad_()
        layer(leaf, len(leaf)).backward(gradient)  # type: ignore[no-untyped-call]
        return leaf.grad

    return work
