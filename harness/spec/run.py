"""What one node computes, fully resolved: the values that make its key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from harness.parts.attacks import Attack
from harness.parts.base import Name, Spec
from harness.parts.datasets import Dataset
from harness.parts.measurement import Ascent, Cka, Numerics
from harness.parts.networks import Alexnet, Network
from harness.parts.neurons import Neuron
from harness.parts.probes import Probe
from harness.parts.recipe import Recipe
from harness.parts.regressions import Regression

if TYPE_CHECKING:
    from harness.engine.networks import Network as Built


class Training(Spec):
    """One network trained once."""

    dataset: Dataset
    network: Network
    neuron: Neuron
    recipe: Recipe
    numerics: Numerics
    seed: int = Field(ge=0, le=2**31 - 1)

    def build(self) -> Built:
        """The network with its initial weights."""
        classes, channels = self.dataset.classes, self.dataset.channels
        return self.network.build(self.neuron, classes=classes, channels=channels, seed=self.seed)


class ArchitectureRun(Spec):
    """One network built and counted, for images of the given shape; weights play no part."""

    network: Network
    neuron: Literal["relu"] = "relu"
    classes: int = Field(ge=1)
    channels: int = Field(ge=1)
    size: int = Field(ge=4, description="pixels, height and width")


class CkaRun(Spec):
    """CKA between all layers of two trained networks; without y, of one with itself."""

    x: Training
    y: Training | None
    cka: Cka


class TimeCkaRun(Spec):
    """CKA between the time steps of some layers of one trained network."""

    x: Training
    cka: Cka
    layers: tuple[Name, ...] = Field(min_length=1)


class RobustnessRun(Spec):
    """One trained network under attack."""

    x: Training
    attack: Attack
    epsilon: tuple[float, ...] = Field(min_length=1)
    cka: Cka


class ProbeRun(Spec):
    """Linear probes on the blocks of one trained network."""

    x: Training
    probe: Probe


class WorkflowRun(Spec):
    """The Gram matrices of one layer of two trained networks, and their similarity."""

    x: Training
    y: Training
    layer: Name
    images: int = Field(ge=4)


class Pretrained(Spec):
    """A network whose weights are had as a file, published or given."""

    network: Alexnet
    numerics: Numerics


class RegressionRun(Spec):
    """Linear maps between one layer of two trained networks."""

    x: Training
    y: Training
    layer: Name
    regression: Regression


class ActivationsRun(Spec):
    """Some layers of one trained network on test images."""

    x: Training
    layers: tuple[Name, ...] = Field(min_length=1)
    image: int = Field(ge=0)
    images: int = Field(ge=1)


class KernelsRun(Spec):
    """The kernels of one convolution."""

    x: Training | Pretrained
    layer: Name
    tiles: Literal["rgb", "triples"]
    seed: int = Field(ge=0, description="of the shuffled kernels that they are compared with")


class MaximisationRun(Spec):
    """Images that drive a layer, a channel or a neuron of one network."""

    x: Training | Pretrained
    layer: Name
    channel: int | None = Field(ge=0)
    position: tuple[int, int] | None
    ascent: Ascent
    seed: int = Field(ge=0)


class TopImagesRun(Spec):
    """The images that a layer, a channel and a neuron of one trained network prefer."""

    x: Training
    layer: Name
    channel: int = Field(ge=0)
    position: tuple[int, int]
    k: int = Field(ge=1)
