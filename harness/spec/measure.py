"""What is measured at each point of an exhibit's grid."""

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


class Architecture(Spec):
    """Stages, parameters and MACs of a network as built. Nothing is trained, so every profile
    measures the networks at their published size."""

    kind: Literal["architecture"]
    scale_free: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("network", "dataset")


Measure = Annotated[Accuracy | Architecture, Field(discriminator="kind")]


class Difference(Spec):
    """A derived quantity: `of` at `over = minuend` less `of` at `over = subtrahend`, per seed."""

    quantity: Name
    of: Name
    over: Name
    minuend: str
    subtrahend: str
