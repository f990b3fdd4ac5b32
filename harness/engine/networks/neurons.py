"""The activations a network can be built from: LIF neurons and ReLU, called alike.

Legend: T = time steps, B = batch, C = channels, H, W = height and width.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional

from harness.engine.choices import choose
from harness.engine.lif import lif
from harness.engine.lif.dynamics import Dynamics
from harness.engine.surrogates import Surrogate, surrogate_by_name


class Lif(nn.Module):
    """A layer of LIF neurons on folded activations; it starts every call at potential 0 and keeps
    nothing.
    """

    def __init__(self, dynamics: Dynamics, backend: str = "auto") -> None:
        super().__init__()
        self.dynamics = dynamics
        self.backend = backend

    def forward(self, folded: Tensor, time_steps: int) -> Tensor:
        """Currents [T·B, …] to spikes [T·B, …]."""
        numbers = self.dynamics
        spikes = lif(
            folded.view(time_steps, -1, *folded.shape[1:]),
            decay=numbers.decay,
            threshold=numbers.threshold,
            surrogate=numbers.surrogate,
            detach_reset=numbers.detach_reset,
            fires_at_threshold=numbers.fires_at_threshold,
            backend=self.backend,
        )
        return spikes.flatten(0, 1)

    def extra_repr(self) -> str:
        """Everything that decides its output."""
        return repr(self.dynamics)


class Relu(nn.Module):
    """max(x, 0) on folded activations; the number of time steps does not matter to it."""

    def forward(self, folded: Tensor, time_steps: int) -> Tensor:
        """[T·B, …] to [T·B, …]."""
        return functional.relu(folded)


@dataclass(frozen=True)
class Neuron:
    """Which activation, with its numbers: the recipe from which each layer's own module is made.

    `kind` "lif" or "relu"; the other fields are those of `harness.engine.lif.lif` and belong to
    "lif" alone. Raises HarnessError for an unknown kind or surrogate, or numbers out of range.
    """

    kind: str = "lif"
    decay: float = 0.5
    threshold: float = 1.0
    surrogate: str | Surrogate = "dspike"
    detach_reset: bool = False
    fires_at_threshold: bool = False
    backend: str = "auto"

    @property
    def is_spiking(self) -> bool:
        """Whether its output is spikes over time."""
        return self.kind != "relu"

    def layer(self) -> nn.Module:
        """A fresh module; forward(folded [T·B, …], T) -> [T·B, …]."""
        return choose(_KINDS, self.kind, where="network neuron")(self)


def _lif(neuron: Neuron) -> nn.Module:
    dynamics = Dynamics(
        neuron.decay,
        neuron.threshold,
        surrogate_by_name(neuron.surrogate),
        neuron.detach_reset,
        neuron.fires_at_threshold,
    )
    return Lif(dynamics, neuron.backend)


_KINDS: Mapping[str, Callable[[Neuron], nn.Module]] = {"lif": _lif, "relu": lambda neuron: Relu()}
