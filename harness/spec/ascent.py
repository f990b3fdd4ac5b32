"""Activation maximisation: how the images are sought."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from harness.spec.base import PRESENTATION, Spec
from harness.spec.deviation import Deviation


class Ascent(Spec):
    """Adam on the numbers of an image, from noise, the network frozen."""

    parametrisation: Literal["fourier", "pixel"]
    steps: int = Field(ge=1, le=100_000)
    lr: float = Field(gt=0, le=100)
    jitter: int = Field(ge=0, le=64, description="pixels that a step may roll the image by")
    total_variation: float = Field(ge=0, description="weight of the roughness of the image")
    leak: float = Field(gt=0, le=1, description="slope below 0 of the activation that is climbed")
    size: int = Field(ge=63, le=1024, description="pixels a side")
    starts: int = Field(ge=1, le=16, description="images, each from noise of its own")
    deviations: Annotated[tuple[Deviation, ...], PRESENTATION] = ()
