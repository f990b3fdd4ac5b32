"""Other libraries' neurons, set to the published dynamics: decay 0.5, threshold 1, hard reset.

Each takes and gives folded activations [T·B, …] with the number of steps, as `networks.neurons.Lif`
does, so that it can stand in any network of the engine. A library that is not installed is absent
from the result and named in it.

Legend: T = time steps, B = batch, N = neurons (any number of trailing dimensions).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

import torch
from torch import Tensor, nn

from harness.engine.lif.reference import _Fire
from harness.parts.surrogates import Dspike, Sigmoid

DECAY, THRESHOLD = 0.5, 1.0
PACKAGES = ("spikingjelly", "snntorch", "norse", "torch-cka")

Layer = Callable[[], nn.Module]


def versions() -> dict[str, str]:
    """Version of each peer, or "absent"."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "absent"
    return found


def layers(device: str) -> Mapping[str, Layer]:
    """Name → maker of a layer, for every peer that is installed; the published idiom is ours."""
    found: dict[str, Layer] = {}
    if find_spec("spikingjelly"):
        found["SpikingJelly"] = _SpikingJelly
    if find_spec("snntorch"):
        found["snnTorch"] = _SnnTorch
    if find_spec("norse"):
        found["norse"] = _Norse
    return found


class PublishedLif(nn.Module):
    """The published code's way: a plain loop over time in the second dimension, batch first, with
    the Dspike surrogate's derivative in an autograd function per step.
    """

    def forward(self, folded: Tensor, time_steps: int) -> Tensor:
        """[B·T, …] to [B·T, …]."""
        current_BTN = folded.unflatten(0, (-1, time_steps))
        potential: Tensor | float = 0.0
        spikes = []
        for step in range(time_steps):
            potential = potential * DECAY + current_BTN[:, step]
            spike = _Fire.apply(potential - THRESHOLD, Dspike(), True)
            potential = (1 - spike) * potential
            spikes.append(spike)
        return torch.stack(spikes, dim=1).flatten(0, 1)


class _SpikingJelly(nn.Module):
    """A multi-step LIFNode; its Sigmoid(6) is the gradient of Dspike(3, 3) to 2e-8."""

    def __init__(self) -> None:
        super().__init__()
        from spikingjelly.activation_based import neuron, surrogate

        self.node = neuron.LIFNode(
            tau=1.0 / DECAY,
            decay_input=False,
            v_threshold=THRESHOLD,
            v_reset=0.0,
            surrogate_function=surrogate.Sigmoid(alpha=6.0),
            step_mode="m",
        )

    def forward(self, folded: Tensor, time_steps: int) -> Tensor:
        """[T·B, …] to [T·B, …]; its state is reset by hand, as it must be."""
        self.node.reset()
        spikes: Tensor = self.node(folded.unflatten(0, (time_steps, -1)))
        return spikes.flatten(0, 1)


class _SnnTorch(nn.Module):
    """Leaky, whose own sigmoid gives NaN far below the threshold: it gets the Sigmoid from here."""

    def __init__(self) -> None:
        super().__init__()
        import snntorch

        self.node = snntorch.Leaky(
            beta=DECAY,
            threshold=THRESHOLD,
            spike_grad=lambda distance: _Fire.apply(distance, Sigmoid(6.0), False),
            reset_mechanism="zero",
            reset_delay=False,
        )

    def forward(self, folded: Tensor, time_steps: int) -> Tensor:
        """[T·B, …] to [T·B, …]."""
        current_TBN = folded.unflatten(0, (time_steps, -1))
        potential = torch.zeros_like(current_TBN[0])
        spikes = []
        for current in current_TBN:
            spike, potential = self.node(current, potential)
            spikes.append(spike)
        return torch.stack(spikes).flatten(0, 1)


class _Norse(nn.Module):
    """LIFBox, which scales its input by 1 − decay: it gets it doubled."""

    def __init__(self) -> None:
        super().__init__()
        from norse.torch import LIFBoxCell, LIFBoxParameters

        numbers = LIFBoxParameters(
            tau_mem_inv=torch.tensor(1.0 - DECAY), method="tanh", alpha=torch.tensor(3.0)
        )
        self.node = LIFBoxCell(numbers, dt=1.0)

    def forward(self, folded: Tensor, time_steps: int) -> Tensor:
        """[T·B, …] to [T·B, …]."""
        state, spikes = None, []
        for current in folded.unflatten(0, (time_steps, -1)):
            spike, state = self.node(current / (1.0 - DECAY), state)
            spikes.append(spike)
        return torch.stack(spikes).flatten(0, 1)
