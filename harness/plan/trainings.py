"""The trainings that a measurement rests on: their nodes, and what they are called."""

from __future__ import annotations

from collections.abc import Sequence

from harness.plan.node import Node, make_node
from harness.spec.base import Spec
from harness.spec.neuron import Neuron
from harness.spec.run import Training


def training(point: Training) -> Node:
    """The node of a training."""
    return make_node("train", point, name_of(point))


def after(kind: str, spec: Spec, label: str, trainings: Sequence[Training]) -> tuple[Node, ...]:
    """The trainings, and the node that measures them: it knows them as x and y."""
    first = {name: training(one) for name, one in zip(("x", "y"), trainings, strict=False)}
    last = make_node(kind, spec, label, {name: node.key for name, node in first.items()})
    return (*first.values(), last)


def name_of(point: Training) -> str:
    """`resnet-20 x2 lif T=4 cifar10 seed 0`."""
    return f"{network_of(point)} {_neuron(point.neuron)} {point.dataset.name} seed {point.seed}"


def _neuron(neuron: Neuron) -> str:
    """`relu`, `lif T=4`, `plif soft T=4`."""
    if neuron.kind == "relu":
        return neuron.kind
    soft = " soft" if neuron.reset == "soft" else ""
    return f"{neuron.kind}{soft} T={neuron.time_steps}"


def network_of(point: Training) -> str:
    """The network alone, with what sets it apart from the usual one."""
    network = point.network
    depth = getattr(network, "depth", None)
    width = getattr(network, "width", 1)
    said = network.kind if depth is None else f"{network.kind}-{depth}"
    said += f" x{width}" if width != 1 else ""
    if network.kind == "vgg" and network.layout == "table":
        said += " of Table D.2"
    if network.kind == "resnet" and network.residual != "full":
        where = "" if network.residual == "none" else f" in s{'+'.join(map(str, network.residual))}"
        said += f" without shortcuts{where}"
    if network.kind == "resnet" and network.single_step:
        said += f" s{'+'.join(map(str, network.single_step))} at T=1"
    return said
