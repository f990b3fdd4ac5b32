"""Any neuron as a layer: its own `step`, time step after time step.

Legend: T = time steps, B = batch.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from harness.engine.arguments import named
from harness.engine.data.labelled import described
from harness.engine.lif.reference import firing
from harness.errors import HarnessError
from harness.parts.neurons import Spiking
from harness.parts.surrogates import Surrogate


class Stepwise(nn.Module):
    """A layer of neurons on folded activations; it starts every call anew and keeps nothing."""

    def __init__(self, neuron: Spiking) -> None:
        super().__init__()
        self.neuron = neuron

    @property
    def surrogate(self) -> Surrogate:
        """What gradients pass; another one leaves the spikes as they are."""
        return self.neuron.surrogate

    @surrogate.setter
    def surrogate(self, surrogate: Surrogate) -> None:
        self.neuron = self.neuron.model_copy(update={"surrogate": surrogate})

    @torch.compiler.disable  # type: ignore[untyped-decorator]  # it would round anew, and spikes flip
    def forward(self, folded: Tensor, time_steps: int) -> Tensor:
        """Currents [T·B, …] to spikes [T·B, …]; the state is kept in float32 at least."""
        neuron, state, spikes = self.neuron, None, []
        spike = firing(neuron.surrogate, neuron.fires_at_threshold)
        wide = torch.promote_types(folded.dtype, torch.float32)
        for current in folded.to(wide).view(time_steps, -1, *folded.shape[1:]):
            fired, state = _both(neuron, neuron.step(current, state, spike), current)
            spikes.append(fired)
        return torch.cat(spikes).to(folded.dtype)

    def extra_repr(self) -> str:
        """Everything that decides its output."""
        return repr(self.neuron)


def _both(neuron: Spiking, found: Any, current: Tensor) -> tuple[Tensor, Any]:
    """Spikes and state that a step gave; HarnessError for anything else."""
    got = named(found)
    if isinstance(found, tuple) and len(found) == 2:
        spikes, state = found
        if isinstance(spikes, Tensor) and spikes.shape == current.shape:
            return spikes, state
        got = f"spikes {described(spikes) if isinstance(spikes, Tensor) else named(spikes)}"
    said = f"must return (spikes, state), the spikes {list(current.shape)} (got {got})"
    raise HarnessError(f"step of {neuron.kind}", said, hint="return spikes, state")
