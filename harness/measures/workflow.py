"""The way from images to one similarity: workflow.json and workflow.safetensors.

Legend: M = images, C = channels, H, W = height and width.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from harness.measures.base import Measure, Run, Side, Training
from harness.measures.reading import CKA, NOTHING_DEFINED, WHITE, Map, Reading, defined, picture
from harness.measures.work import Work, shown
from harness.parts.base import LayerName

if TYPE_CHECKING:
    from harness.runs.place import Numbers, Place, Report


class WorkflowRun(Run, kind="workflow"):
    """The Gram matrices of one layer of two trained networks, and their similarity."""

    x: Training
    y: Training
    layer: LayerName
    images: int = Field(ge=4)

    def run(self, place: Place, report: Report) -> Numbers:
        """Take one layer of both networks; `workflow.safetensors` holds the images [M, C, H, W] in
        0…1 and both Gram matrices [M, M], `workflow.json` the unbiased CKA of these M images.
        """
        from harness.engine.cka import cka_heatmap, gram_matrices
        from harness.runs.machine import prepared
        from harness.runs.place import write_json, write_tensors
        from harness.runs.trained import first, minibatches, shown

        layers = (self.layer,)
        with prepared(self.x.numerics, place) as device:
            x, images, normalise = shown(self.x, place, device)
            y, _, normalise_y = shown(self.y, place, device, "y")
            pixels, _ = first(images, "test", self.images)
            inputs = next(minibatches(pixels, self.images, normalise, device, report))
            inputs_y = normalise_y(pixels.to(device))
            sides = ((x, inputs), (y, inputs_y))
            gram_x, gram_y = (gram_matrices(*side, layers)[self.layer] for side in sides)
            found = cka_heatmap(y, x, [(inputs_y, inputs)], layers)
        tensors = {"images": pixels.float() / WHITE, "gram_x": gram_x, "gram_y": gram_y}
        write_tensors(place.files / "workflow.safetensors", tensors)
        why = found.reasons.get((0, 0), "")
        value = None if why else float(found.values[0, 0])
        record = {"cka": value, "why": why, "layer": self.layer, "images": self.images}
        write_json(place.files / "workflow.json", record)
        return {"cka": value}

    @classmethod
    def work(cls, spec: Mapping[str, Any]) -> Work:
        """Its images, once."""
        return shown(spec, spec["images"])


class Workflow(Measure):
    """The way from images to one similarity, with the matrices on it (Fig. 1, p. 2)."""

    kind: Literal["workflow"]
    x: Side
    y: Side
    layer: LayerName = Field(description="whose features are compared")
    images: int = Field(ge=4, le=64, description="few enough for their matrices to be looked at")
    makes = WorkflowRun
    file, arrays = "workflow.json", "workflow.safetensors"
    quantities = ("cka", "layer", "images")
    held = ("cka",)

    def label(self, run: WorkflowRun) -> str:
        """`bn1 of … and …`."""
        return f"{run.layer} of {run.x.label} and {run.y.label}"

    def read(self, content: Mapping[str, Any]) -> Iterator[Reading]:
        """The similarity of the layer in both networks, and how many images it rests on."""
        value, why = content["cka"], content["why"]
        yield defined("cka", CKA, value, str(why or NOTHING_DEFINED))
        yield Reading("layer", "", text=str(content["layer"]))
        yield Reading("images", "images", float(content["images"]))

    @property
    def gram_names(self) -> tuple[str, str]:
        """The matrices of x and y by the neurons of their networks, or as x and y where these do
        not tell them apart.
        """
        x, y = self.x.neuron, self.y.neuron
        return (f"gram-{x}", f"gram-{y}") if x and y and x != y else ("gram-x", "gram-y")

    def maps(self, content: Mapping[str, Any]) -> Iterator[Map]:
        """The Gram matrices [M, M] of both sides, and each channel [H, W] of the images, 0…1."""
        arrays = content["arrays"]
        numbers = [str(image) for image in range(len(arrays["gram_x"]))]
        for name, side in zip(self.gram_names, ("x", "y"), strict=True):
            unit, gram = "product of features", arrays[f"gram_{side}"]
            yield Map(name, numbers, numbers, gram, "image", ("", ""), unit)
        for number, image_CHW in enumerate(arrays["images"]):
            yield from picture(str(number), image_CHW)
