"""Linear regressions between activations: how they are fitted and to which images."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from harness.spec.base import PRESENTATION, Spec
from harness.spec.deviation import Deviation


class _Fit(Spec):
    """What all fits have: some test images, a share of them held out."""

    images: int = Field(ge=2, le=100_000, description="of the test set, in its order")
    held_out: float = Field(gt=0, lt=1, description="share of them that is scored, not fitted to")
    pool: int = Field(
        default=0, ge=0, le=256, description="parts a side that a map is averaged over; 0: none"
    )
    time: Literal["mean", "concatenate"] = Field(
        default="mean", description="what becomes of the time steps of an SNN"
    )
    deviations: Annotated[tuple[Deviation, ...], PRESENTATION] = ()


class RidgeFit(_Fit):
    """Least squares with a penalty, in closed form and float64."""

    kind: Literal["ridge"]
    alpha: float = Field(ge=0, description="weight of ‖W‖² beside the sum of squared errors")
    memory_gib: float = Field(
        gt=0, le=4096, description="the Gram matrix of the images below, else normal equations"
    )


class DescentFit(_Fit):
    """Momentum SGD on minibatches with a cosine to 0, as the lab fitted."""

    kind: Literal["descent"]
    epochs: int = Field(ge=1, le=10_000)
    batch: int = Field(ge=1, le=65_536)
    relative_lr: float = Field(
        gt=0, le=2, description="at the start, in units of 1 / mean square of the features"
    )
    momentum: float = Field(ge=0, lt=1)


Regression = Annotated[RidgeFit | DescentFit, Field(discriminator="kind")]
