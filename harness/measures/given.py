"""What stands in the place of a training where the network was trained elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from harness.measures.base import Training
from harness.measures.work import Work, images_in, passes, size_of_training
from harness.parts.given import Given
from harness.parts.neurons import Neuron, Relu
from harness.parts.recipe import Recipe


class GivenRun(Training, kind="given", code="harness.runs.given:run"):
    """One network that was trained elsewhere, taken over: it is tested and left as a training
    leaves its own. Neurons are its own affair, and there is no recipe.
    """

    network: Given
    # not of its spec: what asks for them is told that nothing spikes and nothing trains
    neuron: ClassVar[Neuron] = Relu(kind="relu")  # type: ignore[misc]
    recipe: ClassVar[Recipe] = Recipe(  # type: ignore[misc]
        epochs=1, batch=1, lr=1.0, momentum=0.0, weight_decay=0.0
    )

    @property
    def label(self) -> str:
        """`resnet18 of mine.safetensors, cifar10 seed 0`."""
        return f"{self.network.label}, {self.dataset.name} seed {self.seed}"

    @property
    def steps(self) -> int:
        """That of the network."""
        return self.network.steps

    @classmethod
    def work(cls, spec: Mapping[str, Any]) -> Work:
        """The test images, once."""
        return passes(size_of_training(spec), images_in(spec["dataset"])[1])

    @property
    def copied_bytes(self) -> int:
        """The file of its weights, where that is here."""
        path = Path(self.network.path)
        return path.stat().st_size if self.network.path and path.is_file() else 0
