"""What a network computes for its images: multiply-accumulates, accumulates of spikes, and how
often its neurons fire.

Legend: T = time steps, B = batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from harness.engine.networks import Network, hooked
from harness.engine.networks.hooks import in_mode
from harness.errors import HarnessError

COUNTED = (nn.Conv2d, nn.Linear)


@dataclass
class LayerOperations:
    """A convolution or linear layer over all images and time steps that it was shown.

    `dense` are its operations if every number counted, a place of padding as any other; `fed` and
    `nonzero` the numbers that it was fed and those of them that are not 0; `is_binary` says that
    all of them were 0 or 1, which is what spikes are.
    """

    dense: int = 0
    fed: int = 0
    nonzero: int = 0
    is_binary: bool = True

    @property
    def rate(self) -> float:
        """Share of the numbers that it was fed which are not 0; of spikes, their rate."""
        return self.nonzero / self.fed if self.fed else 0.0

    @property
    def multiply_accumulates(self) -> float:
        """All of its operations, where it is fed other numbers than 0 and 1."""
        return 0.0 if self.is_binary else float(self.dense)

    @property
    def accumulates(self) -> float:
        """Rate times `dense`, where it is fed spikes: each adds a weight, and none is multiplied
        (Rueckauer et al., Front. Neurosci. 2017).
        """
        return self.rate * self.dense if self.is_binary else 0.0


@dataclass
class Counted:
    """Operations by layer and spikes by layer and time step, in execution order, of so many
    images.
    """

    images: int = 0
    layers: dict[str, LayerOperations] = field(default_factory=dict)
    spikes: dict[str, list[int]] = field(default_factory=dict)  # of each time step
    neurons: dict[str, int] = field(default_factory=dict)  # of the layer, times images

    def rates(self, layer: str) -> list[float]:
        """Spikes per neuron at each time step of a layer."""
        return [spikes / self.neurons[layer] for spikes in self.spikes[layer]]

    @property
    def rate(self) -> float:
        """Spikes per neuron and time step of all layers; 0 where there are no neurons."""
        chances = sum(self.neurons[name] * len(steps) for name, steps in self.spikes.items())
        return sum(map(sum, self.spikes.values())) / chances if chances else 0.0


@torch.no_grad()
def count_operations(
    network: Network, batches: Iterable[Tensor], neurons: Sequence[str] = ()
) -> Counted:
    """Count what the network computes for batches [B, …] or [T, B, …], in evaluation mode.

    Counted are its convolutions and linear layers; not batch norms, which are folded into the
    weights of a convolution once it is trained, nor the neurons' own update. A static image that
    is shown at T steps is counted T times. `neurons` are layers whose outputs are counted as
    spikes. The network is left as it was. Raises HarnessError where there is no image.
    """
    found = Counted()
    modules = {name: one for name, one in network.named_modules() if isinstance(one, COUNTED)}

    def fired(name: str, spikes: Tensor) -> None:
        steps = spikes.flatten(1).count_nonzero(1).tolist()
        known = found.spikes.setdefault(name, [0] * len(steps))
        found.spikes[name] = [a + b for a, b in zip(known, steps, strict=True)]
        found.neurons[name] = found.neurons.get(name, 0) + spikes[0].numel()

    with ExitStack() as open_now:
        open_now.enter_context(in_mode(network, "eval"))
        if neurons:
            open_now.enter_context(hooked(network, neurons, fired, kept=False))
        for name, module in modules.items():
            hook = module.register_forward_hook(_counter(found, name))
            open_now.callback(hook.remove)
        for batch in batches:
            found.images += batch.shape[-4]
            network(batch)
    if not found.images:
        raise HarnessError("operations", "no image was looked at")
    return found


def _counter(found: Counted, name: str) -> Callable[[nn.Module, Any, Any], None]:
    def count(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        fed, one = inputs[0], found.layers.setdefault(name, LayerOperations())
        one.dense += output.numel() * layer.get_parameter("weight")[0].numel()
        one.fed += fed.numel()
        one.nonzero += int(fed.count_nonzero())
        one.is_binary = one.is_binary and bool(((fed == 0) | (fed == 1)).all())

    return count
