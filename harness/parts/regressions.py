"""Linear regressions between activations: how they are fitted and to which images."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from harness.parts.base import Deviations, Part

if TYPE_CHECKING:
    from harness.engine.regression import Fitted, Pairs


class Regression(Part, family="regression"):
    """What all fits have: some test images, a share of them held out."""

    kind: str
    images: int = Field(ge=2, le=100_000, description="of the test set, in its order")
    held_out: float = Field(gt=0, lt=1, description="share of them that is scored, not fitted to")
    pool: int = Field(
        default=0, ge=0, le=256, description="parts a side that a map is averaged over; 0: none"
    )
    time: Literal["mean", "concatenate"] = Field(
        default="mean", description="what becomes of the time steps of an SNN"
    )
    deviations: Deviations = ()
    sees_them_often: ClassVar[bool] = False  # so that the features are worth keeping
    usual: ClassVar = {"images": 10_000, "held_out": 0.2}

    @abstractmethod
    def fitted(self, train: Pairs, seed: int) -> Fitted:
        """The linear map from x to y, and the way that it was found."""


class RidgeFit(Regression):
    """Least squares with a penalty, in closed form and float64."""

    kind: Literal["ridge"]
    alpha: float = Field(ge=0, description="weight of ‖W‖² beside the sum of squared errors")
    memory_gib: float = Field(
        gt=0, le=4096, description="the Gram matrix of the images below, else normal equations"
    )
    usual: ClassVar = {**Regression.usual, "alpha": 1.0, "memory_gib": 6.0}

    def fitted(self, train: Pairs, seed: int) -> Fitted:
        """On the smaller side."""
        from harness.engine.regression.ridge import by_ridge

        return by_ridge(self, train)


class DescentFit(Regression):
    """Momentum SGD on minibatches with a cosine to 0, as the lab fitted.

    The lab names neither optimiser nor schedule. A step is `relative_lr`/E‖x − mean‖²: that mean
    square bounds the largest curvature, so 1 is stable without momentum for features of any number
    and scale.
    """

    kind: Literal["descent"]
    epochs: int = Field(ge=1, le=10_000)
    batch: int = Field(ge=1, le=65_536)
    relative_lr: float = Field(
        gt=0, le=2, description="at the start, in units of 1 / mean square of the features"
    )
    momentum: float = Field(ge=0, lt=1)
    sees_them_often: ClassVar[bool] = True
    usual: ClassVar = {
        **Regression.usual,
        "epochs": 20,
        "batch": 256,
        "relative_lr": 0.5,
        "momentum": 0.9,
    }

    def fitted(self, train: Pairs, seed: int) -> Fitted:
        """Its order is drawn from `seed`."""
        from harness.engine.regression.ridge import by_descent

        return by_descent(self, train, seed)
