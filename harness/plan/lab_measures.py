"""Measures of the lab's exhibits → the nodes that they need at one point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.parts.base import Spec
from harness.parts.networks import Alexnet
from harness.plan.node import Node, make_node
from harness.plan.trainings import after, name_of
from harness.spec.lab_measure import (
    Activations,
    Kernels,
    Maximisation,
    RegressionMeasure,
    TopImagesMeasure,
)
from harness.spec.run import (
    ActivationsRun,
    KernelsRun,
    MaximisationRun,
    Pretrained,
    RegressionRun,
    TopImagesRun,
    Training,
)

Nodes = tuple[Node, ...]


def regression(measure: RegressionMeasure, trainings: Sequence[Training], parts: Any) -> Nodes:
    """Both trainings, then the fit."""
    x, y = trainings
    spec = RegressionRun(x=x, y=y, layer=measure.layer, regression=parts["regression"])
    label = f"{measure.regression} of {measure.layer}, {name_of(x)} and {name_of(y)}"
    return after("regression", spec, label, trainings)


def activations(measure: Activations, trainings: Sequence[Training], parts: Any) -> Nodes:
    """The training, then its activations."""
    spec = ActivationsRun(
        x=trainings[0], layers=measure.layers, image=measure.image, images=measure.images
    )
    said = "+".join(measure.layers)
    return after("activations", spec, f"{said} of {name_of(trainings[0])}", trainings)


def top_images(measure: TopImagesMeasure, trainings: Sequence[Training], parts: Any) -> Nodes:
    """The training, then the images that its units prefer."""
    if measure.channel is None or measure.position is None:
        raise ValueError("the model of the measure sees to it that both are there")
    spec = TopImagesRun(
        x=trainings[0],
        layer=measure.layer,
        channel=measure.channel,
        position=measure.position,
        k=measure.k,
    )
    label = f"top {measure.k} images of {measure.layer}, {name_of(trainings[0])}"
    return after("top_images", spec, label, trainings)


def kernels(measure: Kernels, trainings: Sequence[Training], parts: Any) -> Nodes:
    """The kernels; a stand-in is trained first."""
    x = _weights(trainings[0])
    seed = trainings[0].seed
    spec = KernelsRun(x=x, layer=measure.layer, tiles=measure.tiles, seed=seed)
    return _of("kernels", spec, f"kernels of {measure.layer}", x)


def maximisation(measure: Maximisation, trainings: Sequence[Training], parts: Any) -> Nodes:
    """The search; a stand-in is trained first."""
    x = _weights(trainings[0])
    spec = MaximisationRun(
        x=x,
        layer=measure.layer,
        channel=measure.channel,
        position=measure.position,
        ascent=parts["ascent"],
        seed=trainings[0].seed,
    )
    unit = "" if measure.channel is None else f" channel {measure.channel}"
    unit += "" if measure.position is None else f" at {measure.position}"
    return _of("maximisation", spec, f"images for {measure.layer}{unit}", x)


def _weights(point: Training) -> Training | Pretrained:
    """The training of the network, or the network alone where its weights are had as a file."""
    network = point.network
    if isinstance(network, Alexnet) and not network.is_trained_here:
        return Pretrained(network=network, numerics=point.numerics)
    return point


def _of(kind: str, spec: Spec, label: str, x: Training | Pretrained) -> Nodes:
    if isinstance(x, Training):
        return after(kind, spec, f"{label}, {name_of(x)}", (x,))
    return (make_node(kind, spec, f"{label}, alexnet of {x.network.weights}"),)
