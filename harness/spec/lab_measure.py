"""Measures of the lab's exhibits: what is linear between two networks, and what units respond to.

Layers of `small` are `bn2`, `relu2`, …; those of `alexnet` torchvision's, `features.0` being conv1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from harness.parts.base import Name
from harness.spec.measure_base import BaseMeasure, Side

Place = Annotated[int, Field(ge=0, le=100_000)]
_ARTIFICIAL = ("network", "dataset", "recipe")  # AlexNet has ReLUs


class RegressionMeasure(BaseMeasure):
    """Linear regression between a layer of two networks, in both directions (lab Fig. 1)."""

    kind: Literal["regression"]
    x: Side
    y: Side
    layer: Name
    regression: Name = Field(description="block that says how it is fitted")
    index: ClassVar[tuple[str, ...]] = ("fit", "direction", "split")

    @property
    def sides(self) -> tuple[Side, ...]:
        """The networks, x before y."""
        return (self.x, self.y)

    @property
    def blocks(self) -> Mapping[str, str]:
        """The block of the fit."""
        return {"regression": self.regression}


class Activations(BaseMeasure):
    """What some layers make of one image, and how sparse they are (lab Fig. 2 and 3)."""

    kind: Literal["activations"]
    layers: tuple[Name, ...] = Field(min_length=1, description="the first one is drawn")
    image: Place = Field(default=0, description="of the test set, drawn")
    images: int = Field(default=1000, ge=1, le=100_000, description="that the sparsity is of")
    index: ClassVar[tuple[str, ...]] = ("layer",)


class Kernels(BaseMeasure):
    """The kernels of a convolution, and how far they are oriented filters (lab Fig. 4 and 5)."""

    kind: Literal["kernels"]
    layer: Name
    tiles: Literal["rgb", "triples"] = Field(
        description="kernels on colours, or the three strongest of more channels as colours"
    )
    needs: ClassVar[tuple[str, ...]] = _ARTIFICIAL
    index: ClassVar[tuple[str, ...]] = ("pixels", "kernel")


class _Unit(BaseMeasure):
    """A layer; with `channel` a channel of it, with `position` a neuron."""

    layer: Name
    channel: Place | None = None
    position: tuple[Place, Place] | None = Field(default=None, description="row and column")

    @model_validator(mode="after")
    def _neurons_have_channels(self) -> _Unit:
        if self.position is not None and self.channel is None:
            raise ValueError("a position needs its channel")
        return self


class Maximisation(_Unit):
    """Images, from noise, that drive a layer, a channel or a neuron (lab Fig. 6 to 8)."""

    kind: Literal["maximisation"]
    ascent: Name = Field(description="block that says how they are sought")
    needs: ClassVar[tuple[str, ...]] = _ARTIFICIAL
    index: ClassVar[tuple[str, ...]] = ("start", "region")

    @property
    def blocks(self) -> Mapping[str, str]:
        """The block of the search."""
        return {"ascent": self.ascent}


class TopImagesMeasure(_Unit):
    """The test images that activate a layer, a channel of it and a neuron of that most, and their
    mean (lab Fig. 9)."""

    kind: Literal["top_images"]
    k: int = Field(default=20, ge=1, le=1000)
    index: ClassVar[tuple[str, ...]] = ("target", "rank", "region", "colour")

    @model_validator(mode="after")
    def _has_all_three(self) -> TopImagesMeasure:
        if self.position is None:
            raise ValueError("needs channel and position: layer, channel and neuron are shown")
        return self
