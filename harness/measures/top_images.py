"""The images that units prefer, and their mean: top_images.json and top_images.safetensors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import fmean
from typing import Any, Literal

from pydantic import Field, model_validator

from harness.measures.base import Run, Training
from harness.measures.maximisation import Unit
from harness.measures.reading import Map, Reading, picture
from harness.measures.work import Work, images_in, shown
from harness.parts.base import LayerName

ACTIVATION = "activation, mean over time"
PINNED = ("activation_mean", "brightness")
EVERYTHING = "everything"  # the mean of all test images


class TopImagesRun(Run, kind="top_images", code="harness.runs.top_images:run"):
    """The images that a layer, a channel and a neuron of one trained network prefer."""

    x: Training
    layer: LayerName
    channel: int = Field(ge=0)
    position: tuple[int, int]
    k: int = Field(ge=1)

    @classmethod
    def work(cls, spec: Mapping[str, Any]) -> Work:
        """All test images for each of three targets."""
        return shown(spec, 3 * images_in(spec["x"]["dataset"])[1])


class TopImages(Unit):
    """The test images that activate a layer, a channel of it and a neuron of that most, and their
    mean (lab Fig. 9)."""

    kind: Literal["top_images"]
    k: int = Field(default=20, ge=1, le=1000)
    index = ("target", "rank", "region", "colour")
    makes = TopImagesRun
    file, arrays = "top_images.json", "top_images.safetensors"
    quantities = ("activation", *PINNED, "ties", "layer", "neuron", "images")
    fine = ("activation",)
    held = PINNED

    @model_validator(mode="after")
    def _has_all_three(self) -> TopImages:
        if self.position is None:
            raise ValueError("needs channel and position: layer, channel and neuron are shown")
        return self

    def label(self, run: TopImagesRun) -> str:
        """`top 20 images of bn2, …`."""
        return f"top {run.k} images of {run.layer}, {run.x.label}"

    def read(self, content: Mapping[str, Any]) -> Iterator[Reading]:
        """The activation of each image, ranks from 1 on, and how bright their mean is at its border
        and in its centre; `colour` all is the mean of the three.
        """
        for row in content["targets"]:
            level = {"target": str(row["target"])}
            for rank, value in enumerate(row["activations"], 1):
                at = {**level, "rank": str(rank)}
                yield Reading("activation", ACTIVATION, float(value), levels=at)
        for row in content["targets"]:
            level = {"target": str(row["target"])}
            yield Reading("activation_mean", ACTIVATION, fmean(row["activations"]), levels=level)
            ties = row["ties"]
            yield Reading("ties", "images as active as the last one shown", ties, levels=level)
        everything = {"target": EVERYTHING, "brightness": content["everything"]}
        for row in (*content["targets"], everything):
            for region, colours in row["brightness"].items():
                whole = {**colours, "all": fmean(colours.values())}
                for colour, value in whole.items():
                    at = {"target": row["target"], "region": region, "colour": colour}
                    yield Reading("brightness", "0 … 1", float(value), levels=at)
        row, column = content["position"]
        place = f"channel {content['channel']}, row {row}, column {column}"
        yield Reading("layer", "", text=str(content["layer"]))
        yield Reading("neuron", "", text=place)
        yield Reading("images", "images", float(content["of"]))

    def maps(self, content: Mapping[str, Any]) -> Iterator[Map]:
        """For each target the mean, then the images by rank."""
        for row in content["targets"]:
            kind = row["target"]
            yield from picture(f"{kind}-mean", content["arrays"][f"mean.{kind}"])
            for rank, image_CHW in enumerate(content["arrays"][f"images.{kind}"], 1):
                yield from picture(f"{kind}-{rank}", image_CHW)
