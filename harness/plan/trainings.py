"""The trainings that a measurement rests on: their nodes, and what they are called."""

from __future__ import annotations

from collections.abc import Sequence

from harness.parts.base import Spec
from harness.plan.node import Node, make_node
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
    network, neuron = point.network.label, point.neuron.label
    return f"{network} {neuron} {point.dataset.name} seed {point.seed}"
