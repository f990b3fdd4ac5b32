"""top_images.json and top_images.safetensors → the images that units prefer, and their mean."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from harness.frames.columns import Reading
from harness.frames.layers import Map
from harness.frames.pictures import picture
from harness.spec.lab_measure import TopImagesMeasure

ACTIVATION = "activation, mean over time"
BRIGHTNESS = "0 … 1"
EVERYTHING = "everything"  # the mean of all test images


def read(measure: TopImagesMeasure, content: Mapping[str, Any]) -> Iterator[Reading]:
    """The activation of each image, ranks from 1 on, and how bright their mean is at its border and
    in its centre; `colour` all is the mean of the three.

    Raises:
        KeyError: the file lacks a field.
    """
    for row in content["targets"]:
        level = {"target": str(row["target"])}
        for rank, value in enumerate(row["activations"], 1):
            at = {**level, "rank": str(rank)}
            yield Reading("activation", ACTIVATION, float(value), levels=at)
    for row in content["targets"]:
        level = {"target": str(row["target"])}
        mean = math.fsum(row["activations"]) / len(row["activations"])
        yield Reading("activation_mean", ACTIVATION, mean, levels=level)
        yield Reading("ties", "images as active as the last one shown", row["ties"], levels=level)
    everything = {"target": EVERYTHING, "brightness": content["everything"]}
    for row in (*content["targets"], everything):
        for region, colours in row["brightness"].items():
            whole = {**colours, "all": math.fsum(colours.values()) / len(colours)}
            for colour, value in whole.items():
                at = {"target": str(row["target"]), "region": str(region), "colour": str(colour)}
                yield Reading("brightness", BRIGHTNESS, float(value), levels=at)
    row, column = content["position"]
    yield Reading("layer", "", text=str(content["layer"]))
    yield Reading("neuron", "", text=f"channel {content['channel']}, row {row}, column {column}")
    yield Reading("images", "images", float(content["of"]))


def maps(measure: TopImagesMeasure, content: Mapping[str, Any]) -> Iterator[Map]:
    """For each target the mean, then the images by rank."""
    for row in content["targets"]:
        kind = row["target"]
        yield from picture(f"{kind}-mean", content["arrays"][f"mean.{kind}"])
        for rank, image_CHW in enumerate(content["arrays"][f"images.{kind}"], 1):
            yield from picture(f"{kind}-{rank}", image_CHW)
