"""The way from images to one similarity: workflow.json and workflow.safetensors.

Legend: M = images, C = channels, H, W = height and width.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from harness.measures.base import Measure, Run, Side, Training
from harness.measures.reading import CKA, NOTHING_DEFINED, Map, Reading, defined, picture
from harness.measures.work import Work, shown
from harness.parts.base import Name


class WorkflowRun(Run, kind="workflow", code="harness.runs.workflow:run"):
    """The Gram matrices of one layer of two trained networks, and their similarity."""

    x: Training
    y: Training
    layer: Name
    images: int = Field(ge=4)

    @classmethod
    def work(cls, spec: Mapping[str, Any]) -> Work:
        """Its images, once."""
        return shown(spec, spec["images"])


class Workflow(Measure):
    """The way from images to one similarity, with the matrices on it (Fig. 1, p. 2)."""

    kind: Literal["workflow"]
    x: Side
    y: Side
    layer: Name = Field(description="whose features are compared")
    images: int = Field(ge=4, le=64, description="few enough for their matrices to be looked at")
    makes = WorkflowRun
    file, arrays = "workflow.json", "workflow.safetensors"
    quantities = ("cka", "layer", "images")
    pinned = ("cka",)

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
            yield Map(name, numbers, numbers, arrays[f"gram_{side}"])
        for number, image_CHW in enumerate(arrays["images"]):
            yield from picture(str(number), image_CHW)
