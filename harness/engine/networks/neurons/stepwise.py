"""Any neuron as a layer: its own `step`, time step after time step.

Legend: T = time steps, B = batch.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from harness.engine.lif.reference import firing
from harness.errors import HarnessError
from harness.parts.neurons import Spiking


class Stepwise(nn.Module):
    """A layer of neurons on folded activations; it starts every call anew and keeps nothing."""

    def __init__(self, neuron: Spiking) -> None:
        super().__init__()
        self.neuron = neuron

    @torch.compiler.disable  # type: ignore[untyped-decorator]  # it would round anew, and spikes flip
    def forward(self, folded: Tensor, time_steps: int) -> Tensor:
        """Currents [T·B, …] to spikes [T·B, …]; the state is kept in float32 at least."""
        neuron, state, spikes = self.neuron, None, []
        spike = firing(neuron.surrogate, neuron.fires_at_threshold)
        wide = torch.promote_types(folded.dtype, torch.float32)
        for current in folded.to(wide).view(time_steps, -1, *folded.shape[1:]):
            made = neuron.step(current, state, spike)
            if not isinstance(made, tuple) or len(made) != 2:
                problem = f"must return (spikes, state), and returns a {type(made).__name__}"
                raise HarnessError(f"step of {neuron.kind}", problem)
            fired, state = made
            spikes.append(fired)
        return torch.cat(spikes).to(folded.dtype)

    def extra_repr(self) -> str:
        """Everything that decides its output."""
        return repr(self.neuron)
