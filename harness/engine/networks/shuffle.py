"""Spikes in another order of time: what is left of a network when only rates are handed on.

Each neuron keeps the spikes that it fired for an image, at other time steps, which are drawn for
this neuron and image alone; the next layer sees these. As in Bojković et al. 2025 (Temporal
misalignment in ANN-SNN conversion and its mitigation via probabilistic spiking neurons, ICML).

Legend: T = time steps, B = batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from harness.engine.arguments import choose
from harness.engine.networks.network import Network
from harness.engine.randomness import stream


@contextmanager
def shuffled_in_time(network: Network, neurons: Sequence[str], seed: int) -> Iterator[None]:
    """While this is open, the layers of neurons of these names hand on their spikes at other time
    steps.

    The orders come from stream(seed, "shuffle", name), minibatch after minibatch. Who listens to
    a layer from inside the context (`hooked`) gets what it hands on.
    """
    modules = dict(network.named_modules())
    with ExitStack() as registered:
        for name in neurons:
            layer = choose(modules, name, where="network layer")
            hook = _shuffling(stream(seed, "shuffle", name))
            registered.callback(layer.register_forward_hook(hook).remove)
        yield


def _shuffling(generator: torch.Generator) -> Callable[[nn.Module, Any, Tensor], Tensor]:
    def hook(layer: nn.Module, inputs: Any, folded: Tensor) -> Tensor:
        spikes = folded.view(inputs[1], -1, *folded.shape[1:])
        return shuffled(spikes, generator).flatten(0, 1)

    return hook


def shuffled(spikes_TB: Tensor, generator: torch.Generator) -> Tensor:
    """Trains [T, B, …], each in an order of its own, every order equally likely (Fisher and Yates);
    drawn on the CPU, so that every device has the same.
    """
    found = spikes_TB.clone()
    for last in range(len(found) - 1, 0, -1):
        drawn = torch.randint(last + 1, found.shape[1:], generator=generator)[None].to(found.device)
        moved, taken = found[last : last + 1].clone(), found.gather(0, drawn)
        found.scatter_(0, drawn, moved)
        found[last] = taken[0]
    return found
