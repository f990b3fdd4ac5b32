"""Measure → the nodes that it needs at one point. A new kind of measure is one entry here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.plan.node import Node, make_node
from harness.spec.base import Spec
from harness.spec.measure import Measure, Robustness, TimeCka, Workflow
from harness.spec.neuron import Neuron
from harness.spec.run import (
    ArchitectureRun,
    CkaRun,
    ProbeRun,
    RobustnessRun,
    TimeCkaRun,
    Training,
    WorkflowRun,
)

Parts = Mapping[str, Spec]
Builder = Callable[[Any, Sequence[Training], Any], tuple[Node, ...]]
"""The nodes of a point in the order in which they run; the last one holds the numbers."""


def nodes_of(measure: Measure, trainings: Sequence[Training], parts: Parts) -> tuple[Node, ...]:
    """The nodes that `measure` needs at a point: `trainings` has one for each of its sides, `parts`
    the blocks that it names.
    """
    return _BUILDERS[measure.kind](measure, trainings, parts)


def _train(measure: Measure, trainings: Sequence[Training], parts: Parts) -> tuple[Node, ...]:
    return (_training(trainings[0]),)


def _architecture(
    measure: Measure, trainings: Sequence[Training], parts: Parts
) -> tuple[Node, ...]:
    point = trainings[0]
    spec = ArchitectureRun(
        network=point.network,
        classes=point.dataset.classes,
        channels=point.dataset.channels,
        size=point.dataset.size,
    )
    return (make_node("architecture", spec, f"{_network(point)} as built"),)


def _cka(measure: Measure, trainings: Sequence[Training], parts: Any) -> tuple[Node, ...]:
    x, y = trainings[0], trainings[1] if trainings[1:] else None
    spec = CkaRun(x=x, y=y, cka=parts["cka"])
    other = "itself" if y is None else _name(y)
    return _after("cka", spec, f"CKA of {_name(x)} and {other}", trainings)


def _time_cka(measure: TimeCka, trainings: Sequence[Training], parts: Any) -> tuple[Node, ...]:
    spec = TimeCkaRun(x=trainings[0], cka=parts["cka"], layers=measure.layers)
    said = "+".join(measure.layers)
    return _after("time_cka", spec, f"CKA over time, {said} of {_name(trainings[0])}", trainings)


def _attack(measure: Robustness, trainings: Sequence[Training], parts: Any) -> tuple[Node, ...]:
    spec = RobustnessRun(
        x=trainings[0], attack=parts["attack"], epsilon=measure.epsilon, cka=parts["cka"]
    )
    label = f"{spec.attack.kind.upper()} on {_name(trainings[0])}"
    return _after("attack", spec, label, trainings)


def _probe(measure: Measure, trainings: Sequence[Training], parts: Any) -> tuple[Node, ...]:
    spec = ProbeRun(x=trainings[0], probe=parts["probe"])
    return _after("probe", spec, f"probes of {_name(trainings[0])}", trainings)


def _workflow(measure: Workflow, trainings: Sequence[Training], parts: Any) -> tuple[Node, ...]:
    x, y = trainings
    spec = WorkflowRun(x=x, y=y, layer=measure.layer, images=measure.images)
    return _after("workflow", spec, f"{measure.layer} of {_name(x)} and {_name(y)}", trainings)


def _training(point: Training) -> Node:
    return make_node("train", point, _name(point))


def _after(kind: str, spec: Spec, label: str, trainings: Sequence[Training]) -> tuple[Node, ...]:
    """The trainings, and the node that measures them: it knows them as x and y."""
    first = {name: _training(one) for name, one in zip(("x", "y"), trainings, strict=False)}
    last = make_node(kind, spec, label, {name: node.key for name, node in first.items()})
    return (*first.values(), last)


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
    if network.kind == "resnet" and network.residual != "full":
        where = "" if network.residual == "none" else f" in s{'+'.join(map(str, network.residual))}"
        said += f" without shortcuts{where}"
    if network.kind == "resnet" and network.single_step:
        said += f" s{'+'.join(map(str, network.single_step))} at T=1"
    return said


_BUILDERS: Mapping[str, Builder] = {
    "accuracy": _train,
    "architecture": _architecture,
    "cka": _cka,
    "time_cka": _time_cka,
    "attack": _attack,
    "probe": _probe,
    "workflow": _workflow,
}
