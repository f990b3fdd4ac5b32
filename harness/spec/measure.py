"""What is measured at each point of an exhibit's grid.

Each class says: `scale_free`, whether every profile takes it at the published size; `needs`, the
blocks that a point must name; `index`, the columns that it adds to the axes of the grid to tell its
cells apart, along which claims may run too.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from harness.spec.base import Name, Spec


class Accuracy(Spec):
    """Top-1 accuracy on the test set, percent, of a network trained by the recipe."""

    kind: Literal["accuracy"]
    epoch: Literal["best", "last"] = Field(
        default="best", description="the published code reports the best epoch *on the test set*"
    )
    scale_free: ClassVar[bool] = False
    needs: ClassVar[tuple[str, ...]] = ("network", "neuron", "dataset", "recipe")
    index: ClassVar[tuple[str, ...]] = ()


class Architecture(Spec):
    """Stages, parameters and MACs of a network as built. Nothing is trained, so every profile
    measures the networks at their published size."""

    kind: Literal["architecture"]
    scale_free: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("network", "dataset")
    index: ClassVar[tuple[str, ...]] = ("stage",)


Measure = Annotated[Accuracy | Architecture, Field(discriminator="kind")]


class Difference(Spec):
    """A derived quantity: `of` at `over = minuend` less `of` at `over = subtrahend`, per seed."""

    quantity: Name
    of: Name
    over: Name
    minuend: str
    subtrahend: str
