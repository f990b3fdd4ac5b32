"""Stages, parameters and MACs of a network as built: the cells of Table D.1, with sizes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from harness.measures.base import Measure, Run, Training
from harness.measures.reading import Reading, number
from harness.measures.work import Work
from harness.parts.networks import Network
from harness.parts.neurons import Relu
from harness.parts.size import size_of

if TYPE_CHECKING:
    from harness.runs.place import Numbers, Place, Report

SIZES = {"parameters": "trainable numbers", "macs": "multiply-accumulates per image and time step"}


class ArchitectureRun(Run, kind="architecture"):
    """One network built and counted, for images of the given shape; weights play no part."""

    network: Network
    neuron: Literal["relu"] = "relu"
    classes: int = Field(ge=1)
    channels: int = Field(ge=1)
    size: int = Field(ge=4, description="pixels, height and width")

    def run(self, place: Place, report: Report) -> Numbers:
        """Build the network; `architecture.json` holds its stages, parameters and MACs per image.

        The softmax of the cell is part of the loss that a training minimises.
        """
        from harness.engine.networks.summary import summarise
        from harness.runs.place import Progress, write_json

        ends = {"classes": self.classes, "channels": self.channels, "seed": 0}
        built = self.network.build(Relu(kind=self.neuron), **ends)
        summary = summarise(built, (self.channels, self.size, self.size))
        stages = [
            {
                "stage": row.name,
                "text": f"{row.cell}, softmax" if row.name == "classifier" else row.cell,
                "parameters": row.parameters,
                "macs": row.macs,
            }
            for row in summary.stages
        ]
        sizes = {"parameters": summary.parameters, "macs": summary.macs}
        write_json(place.files / "architecture.json", {**sizes, "stages": stages})
        report(Progress(1, 1, "network"))
        return sizes

    @classmethod
    def work(cls, spec: Mapping[str, Any]) -> Work:
        """Weights drawn and read: about ten times four bytes each."""
        size = size_of(spec["network"], spec, 1)
        return Work(bytes=40 * size.weights, launches=size.calls)


class Architecture(Measure):
    """Stages, parameters and MACs of a network as built. Nothing is trained, so every profile
    measures the networks at their published size."""

    kind: Literal["architecture"]
    at_published_size = True
    needs = ("network", "dataset")
    index = ("stage",)
    makes = ArchitectureRun
    file = "architecture.json"
    quantities = ("cell", *SIZES)

    def resolved(self, trainings: Sequence[Training], parts: Mapping[str, Any]) -> Run:
        """The network for images of the data set."""
        point = trainings[0]
        data = point.dataset
        return ArchitectureRun(
            network=point.network, classes=data.classes, channels=data.channels, size=data.size
        )

    def label(self, run: ArchitectureRun) -> str:
        """`resnet-20 as built`."""
        return f"{run.network.label} as built"

    def read(self, content: Mapping[str, Any]) -> Iterator[Reading]:
        """`cell` is a stage in the paper's notation; the sizes are given by stage and in total."""
        for row in content["stages"]:
            levels = {"stage": str(row["stage"])}
            yield Reading("cell", "", text=str(row["text"]), levels=levels)
        for quantity, unit in SIZES.items():
            for row in (*content["stages"], {"stage": "total", quantity: content[quantity]}):
                levels = {"stage": str(row["stage"])}
                yield number(quantity, unit, row[quantity], quantity, levels)
