"""Network and neuron specs → networks of the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harness.engine import surrogates
from harness.engine.networks import Network, alexnet, resnet, small, vgg
from harness.errors import HarnessError
from harness.spec import network as networks
from harness.spec.neuron import Neuron
from harness.spec.surrogate import Surrogate


def network(
    network: networks.Network, neuron: Neuron, *, classes: int, channels: int, seed: int
) -> Network:
    """The network as specified, with initial weights drawn from `seed`.

    Raises:
        HarnessError: there is no such network of these neurons.
    """
    ends = {"classes": classes, "in_channels": channels, "seed": seed}
    return _BUILDERS[network.kind](network, neuron, ends)


Ends = Mapping[str, Any]  # classes, in_channels, seed


def _resnet(network: networks.Resnet, neuron: Neuron, ends: Ends) -> Network:
    return resnet(
        network.depth,
        width=network.width,
        base_width=network.base_width,
        residual=network.residual,
        shortcut=network.shortcut,
        branch_scale=network.branch_scale,
        single_step=network.single_step,
        **ends,
        **_activation(neuron),
    )


def _vgg(network: networks.Vgg, neuron: Neuron, ends: Ends) -> Network:
    return vgg(
        network.depth,
        width=network.width,
        base_width=network.base_width,
        layout=network.layout,
        **ends,
        **_activation(neuron),
    )


def _small(network: networks.Small, neuron: Neuron, ends: Ends) -> Network:
    return small(
        network.stages,
        width=network.width,
        base_width=network.channels,
        **ends,
        **_activation(neuron),
    )


def _alexnet(network: networks.Alexnet, neuron: Neuron, ends: Ends) -> Network:
    if neuron.kind != "relu":
        problem = f"AlexNet is an artificial network (got neuron {neuron.kind!r})"
        raise HarnessError("network alexnet", problem, hint="neuron = 'relu'")
    if network.weights != "stand-in":
        problem = f"its weights are {network.weights!r}, so it is not trained here"
        raise HarnessError("network alexnet", problem, hint="--set network.weights=stand-in")
    return alexnet(head="linear", enlarge=network.enlarge, quiet=network.quiet, **ends)


_BUILDERS: Mapping[str, Callable[[Any, Neuron, Ends], Network]] = {
    "resnet": _resnet,
    "vgg": _vgg,
    "small": _small,
    "alexnet": _alexnet,
}


def _activation(neuron: Neuron) -> dict[str, Any]:
    if neuron.kind == "relu":
        return {"neuron": "relu"}
    numbers = {
        "neuron": neuron.kind,
        "time_steps": neuron.time_steps,
        "threshold": neuron.threshold,
        "fires_at_threshold": neuron.fires_at_threshold,
        "detach_reset": neuron.detach_reset,
        "reset": neuron.reset,
        "surrogate": _surrogate(neuron.surrogate),
    }
    return numbers if neuron.kind == "if" else numbers | {"decay": neuron.decay}


def _surrogate(surrogate: Surrogate) -> surrogates.Surrogate:
    """The engine's class of that name; the fields of both are the same."""
    made = surrogates.SURROGATES[surrogate.kind]
    return made(**surrogate.model_dump(exclude={"kind"}))
