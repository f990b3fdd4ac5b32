"""Images that drive a unit, and what was reached: maximisation.json and maximisation.safetensors.

Legend: A = starts, S = steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import fmean
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from harness.measures.base import Measure, OfWeights, Pretrained, Run, Training
from harness.measures.reading import Map, Reading, defined, picture
from harness.measures.work import BACKWARD, Work, passes, size_of_training
from harness.parts.base import LayerName, Name
from harness.parts.measurement import ActivationMaximisation

BORDER = 8  # the middle of an image has an eighth of its side left out all around
if TYPE_CHECKING:
    from harness.measures.reading import Floats

FLAT = 1e-6  # of pixels in 0 … 1, which rounding may leave
STRONGEST = 0.01  # of the waves; white noise has 1 % · (1 + ln 100) = 5.6 % of its power in them
ACTIVATION, DEGREES, PIXELS = "activation", "degrees", "pixels"
CONTRAST = "standard deviation of pixels in 0 … 1"
EDGES = ("top", "left", "bottom", "right")
SEES_ALL = "the unit sees the whole image"
NO_CONTRAST = "there is no contrast"
NOT_A_COLOUR_KERNEL = "the unit is no channel of a convolution on colours"
HALF_TURN, VERTICAL = 180.0, 90.0
Index = Annotated[int, Field(ge=0, le=100_000)]


class MaximisationRun(Run, kind="maximisation", code="harness.runs.maximisation:run", revision=2):
    """Images that drive a layer, a channel or a neuron of one network."""

    x: Training | Pretrained
    layer: LayerName
    channel: int | None = Field(ge=0)
    position: tuple[int, int] | None
    activation_maximisation: ActivationMaximisation
    seed: int = Field(ge=0)

    @classmethod
    def work(cls, spec: Mapping[str, Any]) -> Work:
        """A pass and its gradient by the image for each step of each start."""
        ascent = spec["activation_maximisation"]
        size, steps = size_of_training(spec["x"], ascent["size"]), ascent["steps"]
        return passes(size, steps * ascent["starts"], 1, BACKWARD / 2)

    @classmethod
    def disk_bytes(cls, spec: Mapping[str, Any]) -> int:
        """The images, a number for each pixel and colour."""
        ascent = spec["activation_maximisation"]
        return 3 * 4 * int(ascent["size"] ** 2 * ascent["starts"])


class Unit(Measure):
    """A layer; with `channel` a channel of it, with `position` a neuron."""

    layer: LayerName
    channel: Index | None = None
    position: tuple[Index, Index] | None = Field(default=None, description="row and column")

    @model_validator(mode="after")
    def _neurons_have_channels(self) -> Unit:
        if self.position is not None and self.channel is None:
            raise ValueError("a position needs its channel")
        return self


class Maximisation(OfWeights, Unit):
    """Images, from noise, that drive a layer, a channel or a neuron (lab Fig. 6 to 8)."""

    kind: Literal["maximisation"]
    activation_maximisation: Name = Field(description="block that says how they are sought")
    index = ("start", "region")
    makes = MaximisationRun
    file, arrays = "maximisation.json", "maximisation.safetensors"
    quantities = (
        "activation_start",
        "activation_end",
        "gain",
        "contrast",
        "contrast_mean",
        "concentration",
        "orientation",
        "frequency",
        "off_vertical",
        "off_kernel",
        "seen",
        "margin",
        "source",
        "unit",
    )
    held = ("gain", "contrast_mean")

    def label(self, run: MaximisationRun) -> str:
        """`images for features.0 channel 3 at (1, 2), …`."""
        unit = "" if run.channel is None else f" channel {run.channel}"
        unit += "" if run.position is None else f" at {run.position}"
        return f"images for {run.layer}{unit}, {run.x.label}"

    def read(self, content: Mapping[str, Any]) -> Iterator[Reading]:
        """Activation, contrast inside and outside of what the unit sees, and the spectrum, by
        start; then their means, and how far the bars of the image turn from those of the kernel.
        """
        starts = content["starts"]
        for quantity, name in (("activation_start", "start"), ("activation_end", "end")):
            for start, row in enumerate(starts):
                yield Reading(quantity, ACTIVATION, row[name], levels={"start": str(start)})
        gains = [row["end"] - row["start"] for row in starts]
        yield Reading("gain", ACTIVATION, fmean(gains))
        for region in ("inside", "outside"):
            values = [row[region] for row in starts]
            for start, value in enumerate(values):
                at = {"start": str(start), "region": region}
                yield defined("contrast", CONTRAST, value, SEES_ALL, at)
            known = [value for value in values if value is not None]
            if known:
                at = {"region": region}
                yield Reading("contrast_mean", CONTRAST, fmean(known), levels=at)
        for start, image_CHW in enumerate(content["arrays"]["images"]):
            yield from _pattern(_middle(image_CHW), str(start))
        yield from _spectrum(content)
        for edge, value in zip(EDGES, content["seen"], strict=True):
            yield Reading("seen", PIXELS, float(value), levels={"region": edge})
        yield Reading("margin", PIXELS, float(content["margin"]))
        yield Reading("source", "", text=str(content["source"]))
        yield Reading("unit", "", text=_unit(content))

    def maps(self, content: Mapping[str, Any]) -> Iterator[Map]:
        """The activation before each step [A, S], the images, and the kernel where there is one."""
        curves = content["arrays"]["curves"]
        starts, steps = ([str(place) for place in range(size)] for size in curves.shape)
        yield Map("curves", starts, steps, curves)
        for start, image_CHW in enumerate(content["arrays"]["images"]):
            yield from picture(str(start), image_CHW)
        if "kernel" in content["arrays"]:
            yield from picture("kernel", content["arrays"]["kernel"])


def _middle(image_CHW: Floats) -> Floats:
    """Without the border, as float64."""
    rows, columns = (side // BORDER for side in image_CHW.shape[1:])
    height, width = image_CHW.shape[1:]
    return image_CHW[:, rows : height - rows, columns : width - columns].astype(float)


def _pattern(middle_CHW: Floats, start: str) -> Iterator[Reading]:
    """How much varies in the middle, and which share of that the strongest hundredth of all waves
    holds: exponential for white noise, so that its share p holds p · (1 − ln p).
    """
    import numpy as np

    waves = middle_CHW - middle_CHW.mean((1, 2), keepdims=True)
    at = {"start": start, "region": "middle"}
    yield Reading("contrast", CONTRAST, float(np.sqrt(np.square(waves).mean())), levels=at)
    power = np.sort(np.square(np.abs(np.fft.fft2(waves))).sum(0), axis=None)
    strongest = power[-max(1, round(STRONGEST * power.size)) :].sum()
    is_flat = float(np.abs(waves).max()) < FLAT
    share = None if is_flat else float(strongest / power.sum())
    yield defined("concentration", "share of the power", share, NO_CONTRAST, {"start": start})


def _spectrum(content: Mapping[str, Any]) -> Iterator[Reading]:
    kernel = content["kernel"] or {}
    for start, row in enumerate(content["starts"]):
        at = {"start": str(start)}
        orientation = row["orientation"]
        yield defined("orientation", DEGREES, orientation, NO_CONTRAST, at)
        yield defined("frequency", "cycles per pixel", row["frequency"], NO_CONTRAST, at)
        turned = _turn(orientation, VERTICAL)
        yield defined("off_vertical", DEGREES, turned, NO_CONTRAST, at)
        apart = _turn(orientation, kernel.get("orientation"))
        yield defined("off_kernel", DEGREES, apart, NOT_A_COLOUR_KERNEL, at)


def _turn(one: float | None, other: float | None) -> float | None:
    """Between two orientations, 0 … 90 degrees; None without one of them."""
    if one is None or other is None:
        return None
    apart = abs(one - other) % HALF_TURN
    return min(apart, HALF_TURN - apart)


def _unit(content: Mapping[str, Any]) -> str:
    target = content["target"]
    said = str(target["layer"])
    said += "" if target["channel"] is None else f", channel {target['channel']}"
    position = target["position"]
    return said if position is None else f"{said}, neuron ({position[0]}, {position[1]})"
