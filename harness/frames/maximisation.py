"""maximisation.json and maximisation.safetensors → what was reached, and the images.

Legend: A = starts, S = steps.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from harness.frames.columns import Reading
from harness.frames.layers import Map
from harness.frames.pictures import picture
from harness.spec.lab_measure import Maximisation

ACTIVATION, DEGREES, PIXELS = "activation", "degrees", "pixels"
CONTRAST = "standard deviation of pixels in 0 … 1"
EDGES = ("top", "left", "bottom", "right")
SEES_ALL = "the unit sees the whole image"
NO_CONTRAST = "there is no contrast"
NOT_A_COLOUR_KERNEL = "the unit is no channel of a convolution on colours"
HALF_TURN, VERTICAL = 180.0, 90.0


def read(measure: Maximisation, content: Mapping[str, Any]) -> Iterator[Reading]:
    """Activation, contrast inside and outside of what the unit sees, and the spectrum, by start;
    then their means, and how far the bars of the image turn from those of the kernel.

    Raises:
        KeyError: the file lacks a field.
    """
    starts = content["starts"]
    for quantity, name in (("activation_start", "start"), ("activation_end", "end")):
        for start, row in enumerate(starts):
            yield Reading(quantity, ACTIVATION, row[name], levels={"start": str(start)})
    gains = [row["end"] - row["start"] for row in starts]
    yield Reading("gain", ACTIVATION, _mean(gains))
    for region in ("inside", "outside"):
        values = [row[region] for row in starts]
        for start, value in enumerate(values):
            yield _number("contrast", value, CONTRAST, SEES_ALL, start=start, region=region)
        defined = [value for value in values if value is not None]
        if defined:
            yield _number("contrast_mean", _mean(defined), CONTRAST, "", region=region)
    yield from _spectrum(content)
    for edge, value in zip(EDGES, content["seen"], strict=True):
        yield Reading("seen", PIXELS, float(value), levels={"region": edge})
    yield Reading("margin", PIXELS, float(content["margin"]))
    yield Reading("source", "", text=str(content["source"]))
    yield Reading("unit", "", text=_unit(content))


def maps(measure: Maximisation, content: Mapping[str, Any]) -> Iterator[Map]:
    """The activation before each step [A, S], the images, and the kernel where there is one."""
    curves = content["arrays"]["curves"]
    starts, steps = ([str(place) for place in range(size)] for size in curves.shape)
    yield Map("curves", starts, steps, curves)
    for start, image_CHW in enumerate(content["arrays"]["images"]):
        yield from picture(str(start), image_CHW)
    if "kernel" in content["arrays"]:
        yield from picture("kernel", content["arrays"]["kernel"])


def _spectrum(content: Mapping[str, Any]) -> Iterator[Reading]:
    kernel = content["kernel"] or {}
    for start, row in enumerate(content["starts"]):
        of_image, of_kernel = row["orientation"], kernel.get("orientation")
        yield _number("orientation", of_image, DEGREES, NO_CONTRAST, start=start)
        yield _number("frequency", row["frequency"], "cycles per pixel", NO_CONTRAST, start=start)
        turned = None if of_image is None else _turn(of_image, VERTICAL)
        yield _number("off_vertical", turned, DEGREES, NO_CONTRAST, start=start)
        if of_kernel is None or of_image is None:
            yield _number("off_kernel", None, DEGREES, NOT_A_COLOUR_KERNEL, start=start)
        else:
            yield _number("off_kernel", _turn(of_image, of_kernel), DEGREES, "", start=start)


def _turn(one: float, other: float) -> float:
    """Between two orientations, 0 … 90 degrees."""
    apart = abs(one - other) % HALF_TURN
    return min(apart, HALF_TURN - apart)


def _unit(content: Mapping[str, Any]) -> str:
    target = content["target"]
    said = str(target["layer"])
    said += "" if target["channel"] is None else f", channel {target['channel']}"
    position = target["position"]
    return said if position is None else f"{said}, neuron ({position[0]}, {position[1]})"


def _number(quantity: str, value: float | None, unit: str, why: str, **levels: Any) -> Reading:
    at = {name: str(level) for name, level in levels.items()}
    if value is None:
        return Reading(quantity, unit, why=why, levels=at)
    return Reading(quantity, unit, float(value), levels=at)


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)
