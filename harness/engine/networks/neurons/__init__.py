"""The layers of neurons that a network can be built from, called alike: ReLU, and spiking neurons.

What they are is said in `harness.parts.neurons`; a network is given one of those, or its kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.engine.arguments import choose
from harness.engine.lif.dynamics import surrogate_of
from harness.engine.networks.neurons.leaky import Lif
from harness.engine.networks.neurons.parametric import Plif
from harness.engine.networks.neurons.relu import Relu
from harness.errors import HarnessError
from harness.parts.neurons import Neuron

__all__ = ["Lif", "Plif", "Relu", "neuron_of"]


def neuron_of(neuron: str | Neuron, numbers: Mapping[str, Any]) -> Neuron:
    """The neuron of a network: given whole, or by its kind with its fields, the surrogate by name
    if one likes. Of None among `numbers` the usual value is taken.

    Raises:
        HarnessError: an unknown kind or field, a number out of range, or numbers beside a neuron.
    """
    said = {name: value for name, value in numbers.items() if value is not None}
    if isinstance(neuron, Neuron):
        if said:
            problem = f"has its own numbers, but {', '.join(said)} came beside it"
            raise HarnessError("network neuron", problem)
        return neuron
    kind = choose(Neuron.kinds, neuron, where="network neuron")
    if not kind.is_spiking:  # it has no time, whatever the network is asked for
        said.pop("time_steps", None)
    if "surrogate" in said:
        said["surrogate"] = surrogate_of(said["surrogate"])
    made: Neuron = kind(**said)
    return made
