"""Which activation a network is built from, as one value that makes the modules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from torch import Tensor, nn

from harness.engine.arguments import choose
from harness.engine.lif.dynamics import Dynamics, Reset
from harness.engine.networks.neurons.leaky import Lif
from harness.engine.networks.neurons.parametric import Plif
from harness.engine.networks.neurons.relu import Relu
from harness.engine.surrogates import Surrogate, surrogate_by_name
from harness.errors import HarnessError


@dataclass(frozen=True)
class Neuron:
    """Which activation, with its numbers: the recipe from which each layer's own module is made.

    `kind` is a name of `KINDS`; the other fields are those of `harness.engine.lif.lif` and belong
    to the spiking kinds alone. "if" is an integrator without leak (Lapicque 1907, after Abbott,
    Brain Research Bulletin 50, 1999): decay 1, whatever `decay` says; "plif" starts from `decay`.
    Raises HarnessError for an unknown kind or surrogate, or numbers out of range.
    """

    kind: str = "lif"
    decay: float = 0.5
    threshold: float = 1.0
    surrogate: str | Surrogate = "dspike"
    detach_reset: bool = False
    fires_at_threshold: bool = False
    backend: str = "auto"
    reset: Reset = "hard"

    @property
    def is_spiking(self) -> bool:
        """Whether its output is spikes over time."""
        return self.kind != "relu"

    def layer(self) -> nn.Module:
        """A fresh module; forward(folded [T·B, …], T) -> [T·B, …]."""
        return choose(KINDS, self.kind, where="network neuron")(self)

    def dynamics(self) -> Dynamics:
        """The numbers of a layer."""
        for name in ("decay", "threshold"):
            if isinstance(getattr(self, name), Tensor):  # it would be no parameter of the network
                hint = "kind 'plif' learns its decay; `lif` takes a threshold that is learned"
                raise HarnessError(f"neuron {name}", "must be a number (got a tensor)", hint=hint)
        return Dynamics(
            self.decay,
            self.threshold,
            surrogate_by_name(self.surrogate),
            self.detach_reset,
            self.fires_at_threshold,
            self.reset,
        )


def _lif(neuron: Neuron) -> nn.Module:
    return Lif(neuron.dynamics(), neuron.backend)


def _if(neuron: Neuron) -> nn.Module:
    return Lif(replace(neuron, decay=1.0).dynamics(), neuron.backend)


def _plif(neuron: Neuron) -> nn.Module:
    return Plif(neuron.dynamics(), neuron.backend)


KINDS: Mapping[str, Callable[[Neuron], nn.Module]] = {
    "lif": _lif,
    "if": _if,
    "plif": _plif,
    "relu": lambda neuron: Relu(),
}
