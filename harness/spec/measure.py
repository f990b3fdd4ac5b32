"""What is measured at each point of an exhibit's grid.

Each class says: `scale_free`, whether every profile takes it at the published size; `needs`, the
blocks that a point must name; `index`, the columns that it adds to the axes of the grid to tell its
cells apart, along which claims may run too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator

from harness.parts.base import Name, Spec
from harness.spec.lab_measure import (
    Activations,
    Kernels,
    Maximisation,
    RegressionMeasure,
    TopImagesMeasure,
)
from harness.spec.measure_base import BaseMeasure, Side


class Accuracy(BaseMeasure):
    """Top-1 accuracy on the test set, percent, of a network trained by the recipe."""

    kind: Literal["accuracy"]
    epoch: Literal["best", "last"] = Field(
        default="best", description="the published code reports the best epoch *on the test set*"
    )


class Architecture(BaseMeasure):
    """Stages, parameters and MACs of a network as built. Nothing is trained, so every profile
    measures the networks at their published size."""

    kind: Literal["architecture"]
    scale_free: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("network", "dataset")
    index: ClassVar[tuple[str, ...]] = ("stage",)


class _Similarity(BaseMeasure):
    """A measure that estimates CKA."""

    cka: Name = Field(default="paper", description="block that says how similarity is estimated")

    @property
    def blocks(self) -> Mapping[str, str]:
        """The block of the estimator."""
        return {"cka": self.cka}


class CkaMap(_Similarity):
    """CKA between all layers of two networks, or of one (Fig. 2, p. 5); x is across, y up."""

    kind: Literal["cka"]
    map: Name = Field(description="what the map is called in the frame, as `ann-snn`")
    x: Side = Side()
    y: Side | None = Field(default=None, description="none: the network of x with itself")
    index: ClassVar[tuple[str, ...]] = ("map", "layer", "position", "stage_y", "stage_x")

    @property
    def sides(self) -> tuple[Side, ...]:
        """The networks, x before y; one where a network is compared with itself."""
        return (self.x,) if self.y is None else (self.x, self.y)


class TimeCka(_Similarity):
    """CKA between the time steps of one layer, for each of some layers (Fig. 6, p. 9)."""

    kind: Literal["time_cka"]
    layers: tuple[Name, ...] = Field(
        min_length=1, description="layers, or the groups `blocks`, `convolutions`, `activations`"
    )
    index: ClassVar[tuple[str, ...]] = ("layer", "step")


class Robustness(_Similarity):
    """Accuracy under attack, and CKA between clean and attacked images, layer by layer (Fig. 8)."""

    kind: Literal["attack"]
    attack: Name = Field(description="block of the attack")
    epsilon: tuple[Annotated[float, Field(gt=0, le=10)], ...] = Field(
        min_length=1, description="radii of the L∞ ball, in units of the attack; 0 is always taken"
    )
    index: ClassVar[tuple[str, ...]] = ("epsilon", "layer", "block")

    @field_validator("epsilon")
    @classmethod
    def _rising(cls, epsilon: tuple[float, ...]) -> tuple[float, ...]:
        if list(epsilon) != sorted(set(epsilon)):
            raise ValueError(f"must rise (got {list(epsilon)})")
        return epsilon

    @property
    def blocks(self) -> Mapping[str, str]:
        """The blocks of estimator and attack."""
        return {"cka": self.cka, "attack": self.attack}


class Probes(BaseMeasure):
    """Accuracy of a linear probe on the output of each residual block (Fig. A.6, p. 19)."""

    kind: Literal["probe"]
    probe: Name = Field(description="block of the probe")
    index: ClassVar[tuple[str, ...]] = ("layer",)

    @property
    def blocks(self) -> Mapping[str, str]:
        """The block of the probe."""
        return {"probe": self.probe}


class Workflow(BaseMeasure):
    """The way from images to one similarity, with the matrices on it (Fig. 1, p. 2)."""

    kind: Literal["workflow"]
    x: Side
    y: Side
    layer: Name = Field(description="whose features are compared")
    images: int = Field(ge=4, le=64, description="few enough for their matrices to be looked at")

    @property
    def sides(self) -> tuple[Side, ...]:
        """The networks, x before y."""
        return (self.x, self.y)


Measure = Annotated[
    Accuracy
    | Architecture
    | CkaMap
    | TimeCka
    | Robustness
    | Probes
    | Workflow
    | RegressionMeasure
    | Activations
    | Kernels
    | Maximisation
    | TopImagesMeasure,
    Field(discriminator="kind"),
]


class Difference(Spec):
    """A derived quantity: `of` at `over = minuend` less `of` at `over = subtrahend`, per seed."""

    quantity: Name
    of: Name
    over: Name
    minuend: str
    subtrahend: str
