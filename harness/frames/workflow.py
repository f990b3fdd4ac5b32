"""workflow.json and workflow.safetensors → the matrices on the way to one similarity.

Legend: M = images, C = channels, H, W = height and width.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.frames.cka import CKA, NOTHING_DEFINED
from harness.frames.columns import Reading
from harness.frames.layers import Map
from harness.frames.pictures import picture
from harness.spec.measure import Workflow


def read(measure: Workflow, content: Mapping[str, Any]) -> Iterator[Reading]:
    """The similarity of the layer in both networks, and how many images it rests on.

    Raises:
        KeyError: the file lacks a field.
    """
    value, why = content["cka"], content["why"]
    if value is None:
        yield Reading("cka", CKA, why=str(why or NOTHING_DEFINED))
    else:
        yield Reading("cka", CKA, float(value))
    yield Reading("layer", "", text=str(content["layer"]))
    yield Reading("images", "images", float(content["images"]))


def gram_names(measure: Workflow) -> tuple[str, str]:
    """The matrices of x and y by the neurons of their networks, or as x and y where these do not
    tell them apart.
    """
    x, y = (side.neuron for side in measure.sides)
    return (f"gram-{x}", f"gram-{y}") if x and y and x != y else ("gram-x", "gram-y")


def maps(measure: Workflow, content: Mapping[str, Any]) -> Iterator[Map]:
    """The Gram matrices [M, M] of both sides, and each channel of the images, 0…1, as [H, W]."""
    arrays = content["arrays"]
    numbers = [str(image) for image in range(len(arrays["gram_x"]))]
    for name, side in zip(gram_names(measure), ("x", "y"), strict=True):
        yield Map(name, numbers, numbers, arrays[f"gram_{side}"])
    for number, image_CHW in enumerate(arrays["images"]):
        yield from picture(str(number), image_CHW)
