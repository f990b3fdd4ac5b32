"""LIF neurons as a layer of a network; with decay 1 they are integrate-and-fire neurons.

Legend: T = time steps, B = batch.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from harness.engine.lif import operator
from harness.engine.lif.dynamics import Dynamics
from harness.engine.lif.layer import spikes_of
from harness.parts import neurons as parts
from harness.parts.surrogates import Surrogate


class Lif(nn.Module):
    """A layer of LIF neurons on folded activations (paper eq. 1); it starts every call at potential
    0 and keeps nothing.
    """

    def __init__(self, neuron: parts.Lif | parts.If | parts.Plif, backend: str = "auto") -> None:
        super().__init__()
        self.backend = backend
        self._are(neuron)

    def _are(self, neuron: parts.Lif | parts.If | parts.Plif) -> None:
        self.neuron = neuron
        self.dynamics = Dynamics.of(neuron)
        self.said = neuron.model_dump_json()

    @property
    def surrogate(self) -> Surrogate:
        """What gradients pass; another one leaves the spikes as they are."""
        return self.neuron.surrogate

    @surrogate.setter
    def surrogate(self, surrogate: Surrogate) -> None:
        self._are(self.neuron.model_copy(update={"surrogate": surrogate}))

    def decay(self) -> float | Tensor:
        """The kept fraction of the potential per step."""
        return self.dynamics.decay

    def dynamics_now(self) -> Dynamics:
        """All numbers of the neurons, the decay as it is at present."""
        return replace(self.dynamics, decay=self.decay())

    def spike_dtype(self, current: torch.dtype, device: torch.device) -> torch.dtype:
        """Of the spikes: the precision that autocast gives the convolution behind them, in which 0
        and 1 are exact and take half the memory; without autocast the current's.
        """
        if current == torch.float32 and torch.is_autocast_enabled(device.type):
            return torch.get_autocast_dtype(device.type)
        return current

    def forward(self, folded: Tensor, time_steps: int) -> Tensor:
        """Currents [T·B, …] to spikes [T·B, …]."""
        current = folded.view(time_steps, -1, *folded.shape[1:])
        dtype = self.spike_dtype(folded.dtype, folded.device)
        if torch.compiler.is_compiling():  # its own operator, since the compiler would round anew
            decay = self.decay()
            learned = decay if isinstance(decay, Tensor) else None
            fired: Tensor = operator.fire(current, learned, self.said, dtype)
            return fired.flatten(0, 1)
        return spikes_of(current, self.dynamics_now(), self.backend, dtype).flatten(0, 1)

    def extra_repr(self) -> str:
        """Everything that decides its output."""
        return repr(self.dynamics)
