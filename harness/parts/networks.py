"""Networks as data; the engine builds them from these values alone."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, field_validator, model_validator

from harness.errors import HarnessError
from harness.parts.base import PRESENTATION, Checksum, Deviations, Part, PinnedFile, Spec
from harness.parts.neurons import Neuron

if TYPE_CHECKING:
    from harness.engine.networks import Network as Built

STAGES = 3
SMALLEST_OF_ALEXNET = 63  # pixels that leave something for its last pool
Stage = Annotated[int, Field(ge=1, le=STAGES)]
Width = Annotated[int, Field(ge=1, le=64, description="multiplies every channel count")]
Channels = Annotated[int, Field(ge=1, le=1024, description="channels of stage 1 at width 1")]


class Network(Part, family="network"):
    """A network; weights and classes are the run's."""

    kind: str
    deviations: Deviations = ()

    @abstractmethod
    def build(self, neuron: Neuron, *, classes: int, channels: int, seed: int) -> Built:
        """The network as specified, for images of so many channels, with initial weights drawn
        from `seed`.

        Raises:
            HarnessError: there is no such network of these neurons.
        """

    @property
    def halvings(self) -> int:
        """How often it halves the sides of an image, each time without remainder."""
        return 0

    def refuse_images(self, size: int, channels: int) -> None:
        """Raise HarnessError for images of so many pixels a side, and channels, that it cannot
        take.
        """
        if size % 2**self.halvings:
            raise _takes(self, f"sides that are a multiple of {2**self.halvings}, got {size}")

    @property
    def label(self) -> str:
        """What people call it: `resnet-20 x2`, with what sets it apart from the usual one."""
        depth, width = getattr(self, "depth", None), getattr(self, "width", 1)
        said = self.called if depth is None else f"{self.called}-{depth}"
        said = said if width == 1 else f"{said} x{width}"
        return said + self.unusual("depth", "width") if ":" in self.kind else said

    @property
    def is_trained_here(self) -> bool:
        """Whether its weights come from a training, and not from a file."""
        return True


def _takes(network: Network, wanted: str) -> HarnessError:
    hint = "choose another network, or scale the images: `size` in the block of an image-folder"
    return HarnessError(f"network {network.label}", f"takes images with {wanted}", hint=hint)


class Resnet(Network):
    """CIFAR pre-activation ResNet of depth 6n+2 (He et al. 2016b; paper Table D.1, p. 23)."""

    kind: Literal["resnet"]
    depth: int = Field(default=20, ge=8, le=2000, description="6n+2 for n blocks per stage")
    width: Width = 1
    base_width: Channels = 16
    stages_without_shortcut: tuple[Stage, ...] = Field(
        default=(), description="stages whose shortcuts are dropped, as [2] (Table 2, Fig. 4)"
    )
    shortcut: Literal["identity", "rectified"] = Field(
        default="identity", description="what an identity shortcut of a ReLU network carries"
    )
    residual_scale: float = Field(
        default=1.0,
        ge=0,
        le=1,
        description="initial weight of the last BN of a branch beside a shortcut",
    )
    one_step_stages: tuple[Stage, ...] = Field(
        default=(), description="stages that run one time step, as [1] (Table 3)"
    )

    @field_validator("depth")
    @classmethod
    def _blocks_fill_three_stages(cls, depth: int) -> int:
        if (depth - 2) % 6:
            below = depth - (depth - 2) % 6
            raise ValueError(f"must be 6n+2 – nearest are {below} and {below + 6}")
        return depth

    @property
    def label(self) -> str:
        """With the stages that have no shortcuts, or run one step."""
        said = super().label
        if bare := self.stages_without_shortcut:
            where = f" in s{'+'.join(map(str, bare))}" if len(bare) < STAGES else ""
            said += f" without shortcuts{where}"
        if self.one_step_stages:
            said += f" s{'+'.join(map(str, self.one_step_stages))} at T=1"
        return said

    @property
    def halvings(self) -> int:
        """At the start of stages 2 and 3."""
        return STAGES - 1

    def build(self, neuron: Neuron, *, classes: int, channels: int, seed: int) -> Built:
        """See `harness.engine.networks.resnet`."""
        from harness.engine.networks import resnet

        fields = self.model_dump(exclude={"kind", "deviations"})
        return resnet(neuron=neuron, classes=classes, in_channels=channels, seed=seed, **fields)


VGG_CONVOLUTIONS: Mapping[str, Mapping[int, tuple[int, ...]]] = {  # of stages 1 to 4, by depth
    "figures": {
        13: (2, 2, 2, 4),
        19: (2, 2, 4, 8),
        25: (2, 3, 5, 12),
        31: (2, 4, 6, 16),
        43: (2, 5, 9, 24),
    },
    "table": {
        13: (1, 1, 2, 4),
        19: (2, 2, 3, 8),
        25: (2, 3, 4, 12),
        31: (2, 4, 5, 16),
        43: (2, 5, 6, 24),
    },
}


class Vgg(Network):
    """VGG of four stages (Simonyan & Zisserman 2015; paper Table D.2, p. 23, and Fig. A.1-A.3)."""

    kind: Literal["vgg"]
    depth: Literal[13, 19, 25, 31, 43] = Field(default=13, description="as the paper calls them")
    width: Width = 1
    base_width: Channels = 64
    layout: Literal["figures", "table"] = Field(
        default="figures", description="as many convolutions as the figures show, or Table D.2"
    )

    @property
    def label(self) -> str:
        """With the layout, if it is the table's."""
        return super().label + (" of Table D.2" if self.layout == "table" else "")

    @property
    def halvings(self) -> int:
        """By the pools after stages 1 to 3."""
        return 3

    def build(self, neuron: Neuron, *, classes: int, channels: int, seed: int) -> Built:
        """See `harness.engine.networks.vgg`."""
        from harness.engine.networks import vgg

        fields = self.model_dump(exclude={"kind", "deviations"})
        return vgg(neuron=neuron, classes=classes, in_channels=channels, seed=seed, **fields)


class Small(Network):
    """The lab's network, which the lab does not specify: one convolution a stage, chosen here."""

    kind: Literal["small"]
    stages: int = Field(default=3, ge=1, le=6, description="channels double from one to the next")
    width: Width = 1
    channels: int = Field(
        default=32, ge=1, le=1024, description="of stage 1 at width 1, in every profile"
    )

    @property
    def halvings(self) -> int:
        """By the pools between its stages."""
        return self.stages - 1

    def build(self, neuron: Neuron, *, classes: int, channels: int, seed: int) -> Built:
        """See `harness.engine.networks.small`."""
        from harness.engine.networks import small

        return small(
            self.stages,
            width=self.width,
            base_width=self.channels,
            neuron=neuron,
            classes=classes,
            in_channels=channels,
            seed=seed,
        )


class PublishedWeights(PinnedFile):
    """A file of weights and where it is offered."""

    mirrors: Annotated[tuple[str, ...], PRESENTATION] = ()
    bytes: Annotated[int, PRESENTATION] = Field(default=0, ge=0)


class GivenWeights(Spec):
    """A file of weights that the user named; what it holds enters the key, not where it lies."""

    checksum: Checksum
    path: Annotated[str, PRESENTATION]


class Alexnet(Network):
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
    initial_scale: float = Field(
        default=1.0, gt=0, le=1, description="of a stand-in: initial conv1 and conv2, conv3 inverse"
    )

    @property
    def are_published(self) -> bool:
        """Whether its weights are torchvision's, downloaded or in a file with their checksum."""
        if self.given is not None:
            return self.given.checksum == self.published.checksum
        return self.weights == "imagenet"

    @property
    def is_trained_here(self) -> bool:
        """Whether it is the stand-in."""
        return self.weights == "stand-in"

    @model_validator(mode="after")
    def _a_file_is_given(self) -> Alexnet:
        if (self.weights == "file") != (self.given is not None):
            raise ValueError("weights are those of a file just when one is given, by --weights")
        return self

    def refuse_images(self, size: int, channels: int) -> None:
        """Of the stand-in; its weights had as a file, no data set is shown to it."""
        if self.is_trained_here and channels != 3:
            raise _takes(self, f"3 channels, got {channels}")
        if self.is_trained_here and size * self.enlarge < SMALLEST_OF_ALEXNET:
            least = -(-SMALLEST_OF_ALEXNET // self.enlarge)
            raise _takes(self, f"sides of {least} pixels at least, got {size}")

    def build(self, neuron: Neuron, *, classes: int, channels: int, seed: int) -> Built:
        """The stand-in, to be trained; see `harness.engine.networks.alexnet`."""
        if neuron.is_spiking:
            problem = f"AlexNet is an artificial network (got neuron {neuron.kind!r})"
            raise HarnessError("network alexnet", problem, hint="neuron = 'relu'")
        if not self.is_trained_here:
            problem = f"its weights are {self.weights!r}, so it is not trained here"
            raise HarnessError("network alexnet", problem, hint="--set network.weights=stand-in")
        from harness.engine.networks import alexnet

        return alexnet(
            head="linear",
            enlarge=self.enlarge,
            initial_scale=self.initial_scale,
            classes=classes,
            in_channels=channels,
            seed=seed,
        )
