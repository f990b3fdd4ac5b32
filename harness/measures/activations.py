"""How sparse layers are, and what one image does: activations.json and activations.safetensors.

Layers of `small` are `bn2`, `relu2`, …; those of `alexnet` torchvision's, `features.0` being conv1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from harness.measures.base import Measure, Run, Training
from harness.measures.reading import Map, Reading, number, picture, sheet
from harness.measures.work import Work, shown
from harness.parts.base import LayerName

QUANTITIES = {
    "zero_share": "share of the activations",
    "near_zero_share": "share of the activations",
    "hoyer": "0 … 1",
    "treves_rolls": "0 … 1",
}
SILENT = "the layer is silent on every image"


class ActivationsRun(Run, kind="activations", code="harness.runs.activations:run"):
    """Some layers of one trained network on test images."""

    x: Training
    layers: tuple[LayerName, ...] = Field(min_length=1)
    image: int = Field(ge=0)
    images: int = Field(ge=1)

    @classmethod
    def work(cls, spec: Mapping[str, Any]) -> Work:
        """Its images, once."""
        return shown(spec, spec["images"])


class Activations(Measure):
    """What some layers make of one image, and how sparse they are (lab Fig. 2 and 3)."""

    kind: Literal["activations"]
    layers: tuple[LayerName, ...] = Field(min_length=1, description="the first one is drawn")
    image: Annotated[int, Field(ge=0, le=100_000)] = Field(
        default=0, description="of the test set, drawn"
    )
    images: int = Field(default=1000, ge=1, le=100_000, description="that the sparsity is of")
    index = ("layer",)
    makes = ActivationsRun
    file, arrays = "activations.json", "activations.safetensors"
    quantities = (*QUANTITIES, "images")
    held = ("near_zero_share", "hoyer", "treves_rolls")

    def label(self, run: ActivationsRun) -> str:
        """`bn2+relu2 of …`."""
        return f"{'+'.join(run.layers)} of {run.x.label}"

    def read(self, content: Mapping[str, Any]) -> Iterator[Reading]:
        """Each measure of sparsity for each layer, the mean over images."""
        for quantity, unit in QUANTITIES.items():
            for row in content["layers"]:
                level = {"layer": str(row["name"])}
                if row[quantity] is None:
                    yield Reading(quantity, unit, why=SILENT, levels=level)
                else:
                    yield number(quantity, unit, row[quantity], quantity, level)
        yield Reading("images", "images", float(content["images"]))

    def maps(self, content: Mapping[str, Any]) -> Iterator[Map]:
        """The image that is drawn, and of each layer its channels as one sheet."""
        yield from picture("shown", content["arrays"]["image"])
        for row in content["layers"]:
            yield sheet(f"sheet-{row['name']}", content["arrays"][f"sheet.{row['name']}"])
