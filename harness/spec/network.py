"""Networks as data; the engine builds them from these values alone."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from harness.spec.base import PRESENTATION, Spec
from harness.spec.deviation import Deviation

Stage = Annotated[int, Field(ge=1, le=3)]


class Resnet(Spec):
    """CIFAR pre-activation ResNet of depth 6n+2 (He et al. 2016b; paper Table D.1, p. 23)."""

    kind: Literal["resnet"]
    depth: int = Field(default=20, ge=8, le=2000, description="6n+2 for n blocks per stage")
    width: int = Field(default=1, ge=1, le=64, description="multiplies every channel count")
    base_width: int = Field(default=16, ge=1, le=1024, description="channels of stage 1 at width 1")
    residual: Literal["full", "none"] | tuple[Stage, ...] = Field(
        default="full", description="or the stages whose shortcuts are dropped, as [2]"
    )
    shortcut: Literal["identity", "rectified"] = Field(
        default="identity", description="what an identity shortcut of a ReLU network carries"
    )
    branch_scale: float = Field(
        default=1.0,
        ge=0,
        le=1,
        description="initial weight of the last BN of a branch beside a shortcut",
    )
    single_step: tuple[Stage, ...] = Field(
        default=(), description="stages that run one time step, as [1] (Table 3)"
    )
    deviations: Annotated[tuple[Deviation, ...], PRESENTATION] = ()

    @field_validator("depth")
    @classmethod
    def _blocks_fill_three_stages(cls, depth: int) -> int:
        if (depth - 2) % 6:
            below = depth - (depth - 2) % 6
            raise ValueError(f"must be 6n+2 – nearest are {below} and {below + 6}")
        return depth


class Vgg(Spec):
    """VGG of four stages (Simonyan & Zisserman 2015; paper Table D.2, p. 23, and Fig. A.1-A.3)."""

    kind: Literal["vgg"]
    depth: Literal[13, 19, 25, 31, 43] = Field(default=13, description="as the paper calls them")
    width: int = Field(default=1, ge=1, le=64, description="multiplies every channel count")
    base_width: int = Field(default=64, ge=1, le=1024, description="channels of stage 1 at width 1")
    layout: Literal["figures", "table"] = Field(
        default="figures", description="as many convolutions as the figures show, or Table D.2"
    )
    deviations: Annotated[tuple[Deviation, ...], PRESENTATION] = ()


class Small(Spec):
    """The lab's network, which the lab does not specify: one convolution a stage, chosen here."""

    kind: Literal["small"]
    stages: int = Field(default=3, ge=1, le=6, description="channels double from one to the next")
    width: int = Field(default=1, ge=1, le=64, description="multiplies every channel count")
    base_width: int = Field(default=32, ge=1, le=1024, description="channels of stage 1 at width 1")
    deviations: Annotated[tuple[Deviation, ...], PRESENTATION] = ()


class Alexnet(Spec):
    """torchvision's AlexNet; artificial only."""

    kind: Literal["alexnet"]
    weights: Literal["imagenet", "none"] = Field(
        default="imagenet", description="as torchvision publishes them, or drawn from the seed"
    )
    deviations: Annotated[tuple[Deviation, ...], PRESENTATION] = ()


Network = Annotated[Resnet | Vgg | Small | Alexnet, Field(discriminator="kind")]
