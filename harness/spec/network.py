"""Networks as data; the engine builds them from these values alone."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from harness.spec.base import PRESENTATION, Spec
from harness.spec.dataset import Checksum, PinnedFile
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
    channels: int = Field(
        default=32, ge=1, le=1024, description="of stage 1 at width 1, in every profile"
    )
    deviations: Annotated[tuple[Deviation, ...], PRESENTATION] = ()


class PublishedWeights(PinnedFile):
    """A file of weights and where it is offered."""

    mirrors: Annotated[tuple[str, ...], PRESENTATION] = ()
    bytes: Annotated[int, PRESENTATION] = Field(default=0, ge=0)


class GivenWeights(Spec):
    """A file of weights that the user named; what it holds enters the key, not where it lies."""

    checksum: Checksum
    path: Annotated[str, PRESENTATION]


class Alexnet(Spec):
    """torchvision's AlexNet; artificial only. Its weights are had in one of three ways, which the
    figures say: as published, from a file that the user names, or trained here as a stand-in, with
    one linear layer behind the convolutions and images that are enlarged until they fit."""

    kind: Literal["alexnet"]
    weights: Literal["imagenet", "file", "stand-in"] = Field(
        default="imagenet", description="file only by --weights, never in a spec"
    )
    published: PublishedWeights
    given: GivenWeights | None = Field(default=None, description="set by --weights")
    enlarge: int = Field(
        default=2, ge=1, le=32, description="images of the stand-in, so many times"
    )
    quiet: float = Field(
        default=1.0, gt=0, le=1, description="of a stand-in: initial conv1 and conv2, conv3 inverse"
    )
    deviations: Annotated[tuple[Deviation, ...], PRESENTATION] = ()

    @property
    def are_published(self) -> bool:
        """Whether its weights are torchvision's, downloaded or in a file with their checksum."""
        if self.given is not None:
            return self.given.checksum == self.published.checksum
        return self.weights == "imagenet"

    @model_validator(mode="after")
    def _a_file_is_given(self) -> Alexnet:
        if (self.weights == "file") != (self.given is not None):
            raise ValueError("weights are those of a file just when one is given, by --weights")
        return self


Network = Annotated[Resnet | Vgg | Small | Alexnet, Field(discriminator="kind")]
