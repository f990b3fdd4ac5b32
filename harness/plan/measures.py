"""Measure → the nodes that it needs at one point. A new kind of measure is one entry here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.plan.node import Node, make_node
from harness.spec.measure import Measure
from harness.spec.neuron import Neuron
from harness.spec.run import ArchitectureRun, Training

Builder = Callable[[Training], tuple[Node, ...]]
"""The nodes of a point in the order in which they run; the last one holds the numbers."""


def nodes_of(measure: Measure, point: Training) -> tuple[Node, ...]:
    """The nodes that measure `measure` needs at `point`."""
    return _BUILDERS[measure.kind](point)


def _train(point: Training) -> tuple[Node, ...]:
    return (make_node("train", point, _name(point)),)


def _architecture(point: Training) -> tuple[Node, ...]:
    spec = ArchitectureRun(
        network=point.network,
        classes=point.dataset.classes,
        channels=point.dataset.channels,
        size=point.dataset.size,
    )
    return (make_node("architecture", spec, f"{_network(point)} as built"),)


def _name(point: Training) -> str:
    return f"{_network(point)} {_neuron(point.neuron)} {point.dataset.name} seed {point.seed}"


def _neuron(neuron: Neuron) -> str:
    """`relu`, `lif T=4`, `plif soft T=4`."""
    if neuron.kind == "relu":
        return neuron.kind
    soft = " soft" if neuron.reset == "soft" else ""
    return f"{neuron.kind}{soft} T={neuron.time_steps}"


def _network(point: Training) -> str:
    network = point.network
    depth = getattr(network, "depth", None)
    width = getattr(network, "width", 1)
    said = network.kind if depth is None else f"{network.kind}-{depth}"
    said += f" x{width}" if width != 1 else ""
    if network.kind == "vgg" and network.layout == "table":
        said += " of Table D.2"
    if network.kind == "resnet" and network.single_step:
        said += f" s{'+'.join(map(str, network.single_step))} at T=1"
    return said


_BUILDERS: Mapping[str, Builder] = {
    "accuracy": _train,
    "architecture": _architecture,
}
