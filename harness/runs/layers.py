"""Where each layer of a network stands: stage, residual block and position, as frames read it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from torch import nn

from harness.engine.networks import Network
from harness.engine.networks.outline import Part
from harness.parts.neurons import Neuron

_ROW = re.compile(r"block(\d+)")  # of the architecture table: a stage
_BLOCK = re.compile(r"(s\d+\.b\d+)(?:\.(.+))?")
_POSITIONS = {"relu1": "act1", "conv1": "conv1", "bn1": "bn1"}
_POSITIONS |= {"relu2": "act2", "conv2": "conv2", "bn2": "bn2"}


def described(network: Network, names: Sequence[str]) -> list[dict[str, str]]:
    """Name, stage (`s1`, or nothing), residual block and position in it, layer by layer."""
    outline = network.outline()
    return [{"name": name, "stage": _stage(name, outline)} | _in_block(name) for name in names]


def _stage(name: str, outline: Sequence[Part]) -> str:
    row = next((part.name for part in outline if part.holds(name)), "")
    found = _ROW.fullmatch(row)
    return f"s{found[1]}" if found else ""


def _in_block(name: str) -> dict[str, str]:
    found = _BLOCK.fullmatch(name)
    if found is None:
        return {"block": "", "position": ""}
    position = _POSITIONS.get(found[2], "") if found[2] else "output"
    return {"block": found[1], "position": position}


def chosen(network: Network, words: Sequence[str], activation: type[nn.Module]) -> tuple[str, ...]:
    """Names of the layers that `words` ask for, in execution order: layers, or the groups `blocks`
    (outputs of residual blocks), `convolutions`, `activations` (layers of that type but for the one
    in front of the last pool, which Fig. A.12 leaves out). A module that is no listed layer, as
    `fc`, comes last.
    """
    modules, listed = dict(network.named_modules()), network.layer_names()
    groups = {
        "blocks": [name for name in listed if _in_block(name)["position"] == "output"],
        "convolutions": [name for name in listed if isinstance(modules[name], nn.Conv2d)],
        "activations": [
            name for name in listed if "." in name and isinstance(modules[name], activation)
        ],
    }
    wanted = dict.fromkeys(name for word in words for name in groups.get(word, [word]))
    order = {name: place for place, name in enumerate(listed)}
    return tuple(sorted(wanted, key=lambda name: order.get(name, len(order))))


def firing(network: Network, neuron: Neuron) -> tuple[str, ...]:
    """Names of the layers of spiking neurons, in execution order; none of an artificial network."""
    if not neuron.is_spiking:
        return ()
    modules, kind = dict(network.named_modules()), type(neuron.layer())
    return tuple(name for name in network.layer_names() if isinstance(modules[name], kind))
