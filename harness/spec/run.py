"""What one node computes, fully resolved: the values that make its key."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from harness.spec.base import Spec
from harness.spec.dataset import Dataset
from harness.spec.network import Network
from harness.spec.neuron import Neuron
from harness.spec.numerics import Numerics
from harness.spec.recipe import Recipe


class Training(Spec):
    """One network trained once."""

    dataset: Dataset
    network: Network
    neuron: Neuron
    recipe: Recipe
    numerics: Numerics
    seed: int = Field(ge=0, le=2**31 - 1)


class ArchitectureRun(Spec):
    """One network built and counted, for images of the given shape; weights play no part."""

    network: Network
    neuron: Literal["relu"] = "relu"
    classes: int = Field(ge=1)
    channels: int = Field(ge=1)
    size: int = Field(ge=4, description="pixels, height and width")
