"""Measure → the nodes that it needs at one point. A new kind of measure is one entry here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.plan.node import Node, make_node
from harness.spec.measure import Measure
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
    steps = f" T={point.neuron.time_steps}" if point.neuron.kind == "lif" else ""
    return f"{_network(point)} {point.neuron.kind}{steps} {point.dataset.name} seed {point.seed}"


def _network(point: Training) -> str:
    network = point.network
    width = f" x{network.width}" if network.width != 1 else ""
    return f"{network.kind}-{network.depth}{width}"


_BUILDERS: Mapping[str, Builder] = {
    "accuracy": _train,
    "architecture": _architecture,
}
