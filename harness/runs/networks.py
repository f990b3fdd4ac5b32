"""Network and neuron specs → networks of the engine."""

from __future__ import annotations

from typing import Any

from torch import nn

from harness.engine.networks import resnet
from harness.engine.surrogates import Dspike, Rectangle, Surrogate
from harness.spec import neuron as spec
from harness.spec.network import Network
from harness.spec.neuron import Neuron


def network(
    network: Network, neuron: Neuron, *, classes: int, channels: int, seed: int
) -> nn.Module:
    """The network as specified, with initial weights drawn from `seed`."""
    return resnet(
        network.depth,
        width=network.width,
        base_width=network.base_width,
        residual=network.residual,
        shortcut=network.shortcut,
        branch_scale=network.branch_scale,
        classes=classes,
        in_channels=channels,
        seed=seed,
        **_activation(neuron),
    )


def _activation(neuron: Neuron) -> dict[str, Any]:
    if neuron.kind == "relu":
        return {"neuron": "relu"}
    return {
        "neuron": "lif",
        "time_steps": neuron.time_steps,
        "decay": neuron.decay,
        "threshold": neuron.threshold,
        "fires_at_threshold": neuron.fires_at_threshold,
        "detach_reset": neuron.detach_reset,
        "surrogate": _surrogate(neuron.surrogate),
    }


def _surrogate(surrogate: spec.Rectangle | spec.Dspike) -> Surrogate:
    if surrogate.kind == "rectangle":
        return Rectangle(alpha=surrogate.alpha)
    return Dspike(temperature=surrogate.temperature, support=surrogate.support)
