"""Linear probes: how well a linear classifier reads the classes off a layer (paper A.2, p. 18).

Legend: M = images.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from harness.parts.base import Deviations, Part

if TYPE_CHECKING:
    from torch import Tensor

    from harness.engine.probes import Features
    from harness.engine.regression import LinearMap


class Probe(Part, family="probe"):
    """What all probes have: fitted to the train images, the network behind it frozen."""

    kind: str
    pool: int = Field(
        default=1,
        ge=0,
        le=256,
        description="parts a side that a block's output is averaged over; 0: none",
    )
    deviations: Deviations = ()

    @abstractmethod
    def fitted(
        self, features: Features, train: tuple[Tensor, Tensor], classes: int, seed: int
    ) -> Mapping[str, LinearMap]:
        """A classifier for each layer that `features` reads, of train images and labels [M]."""


class Ridge(Probe):
    """Least squares to the one-hot classes, in closed form: one pass over the images, for which
    each layer keeps D·D + D·K float64 numbers, never the features of the set.
    """

    kind: Literal["ridge"]
    alpha: float = Field(ge=0, description="weight of ‖W‖² beside the sum of squared errors")
    usual: ClassVar = {"alpha": 1.0}

    def fitted(
        self, features: Features, train: tuple[Tensor, Tensor], classes: int, seed: int
    ) -> Mapping[str, LinearMap]:
        """HarnessError where the matrices do not fit into memory."""
        from harness.engine.probes.fits import by_ridge

        return by_ridge(self, features, train, classes)


class Sgd(Probe):
    """Cross-entropy on standardised features by SGD, as a network's last layer is trained: all
    probes side by side, one pass per epoch and one for mean and spread.
    """

    kind: Literal["sgd"]
    epochs: int = Field(ge=1, le=10_000)
    batch: int = Field(ge=1, le=65_536)
    lr: float = Field(gt=0, le=100, description="at the start of a cosine to 0")
    momentum: float = Field(ge=0, lt=1)
    weight_decay: float = Field(ge=0, le=1, description="of the weights, not of the bias")
    usual: ClassVar = {
        "epochs": 20,
        "batch": 256,
        "lr": 0.1,
        "momentum": 0.9,
        "weight_decay": 1e-4,
    }

    def fitted(
        self, features: Features, train: tuple[Tensor, Tensor], classes: int, seed: int
    ) -> Mapping[str, LinearMap]:
        """In an order drawn from stream(seed, "probe", epoch)."""
        from harness.engine.probes.fits import by_sgd

        return by_sgd(self, features, train, classes, seed)
