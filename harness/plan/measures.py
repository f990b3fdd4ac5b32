"""Measure → the nodes that it needs at one point. A new kind of measure is one entry here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.parts.base import Spec
from harness.plan.lab_measures import (
    activations,
    kernels,
    maximisation,
    regression,
    top_images,
)
from harness.plan.node import Node, make_node
from harness.plan.trainings import after, name_of, training
from harness.spec.measure import Measure, Robustness, TimeCka, Workflow
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
    return (training(trainings[0]),)


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
    return (make_node("architecture", spec, f"{point.network.label} as built"),)


def _cka(measure: Measure, trainings: Sequence[Training], parts: Any) -> tuple[Node, ...]:
    x, y = trainings[0], trainings[1] if trainings[1:] else None
    spec = CkaRun(x=x, y=y, cka=parts["cka"])
    other = "itself" if y is None else name_of(y)
    return after("cka", spec, f"CKA of {name_of(x)} and {other}", trainings)


def _time_cka(measure: TimeCka, trainings: Sequence[Training], parts: Any) -> tuple[Node, ...]:
    spec = TimeCkaRun(x=trainings[0], cka=parts["cka"], layers=measure.layers)
    said = "+".join(measure.layers)
    return after("time_cka", spec, f"CKA over time, {said} of {name_of(trainings[0])}", trainings)


def _attack(measure: Robustness, trainings: Sequence[Training], parts: Any) -> tuple[Node, ...]:
    spec = RobustnessRun(
        x=trainings[0], attack=parts["attack"], epsilon=measure.epsilon, cka=parts["cka"]
    )
    label = f"{spec.attack.kind.upper()} on {name_of(trainings[0])}"
    return after("attack", spec, label, trainings)


def _probe(measure: Measure, trainings: Sequence[Training], parts: Any) -> tuple[Node, ...]:
    spec = ProbeRun(x=trainings[0], probe=parts["probe"])
    return after("probe", spec, f"probes of {name_of(trainings[0])}", trainings)


def _workflow(measure: Workflow, trainings: Sequence[Training], parts: Any) -> tuple[Node, ...]:
    x, y = trainings
    spec = WorkflowRun(x=x, y=y, layer=measure.layer, images=measure.images)
    return after("workflow", spec, f"{measure.layer} of {name_of(x)} and {name_of(y)}", trainings)


_BUILDERS: Mapping[str, Builder] = {
    "accuracy": _train,
    "architecture": _architecture,
    "cka": _cka,
    "time_cka": _time_cka,
    "attack": _attack,
    "probe": _probe,
    "workflow": _workflow,
    "regression": regression,
    "activations": activations,
    "kernels": kernels,
    "maximisation": maximisation,
    "top_images": top_images,
}
