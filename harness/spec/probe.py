"""Linear probes: how well a linear classifier reads the classes off a layer (paper A.2, p. 18)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from harness.spec.base import PRESENTATION, Spec
from harness.spec.deviation import Deviation


class _Probe(Spec):
    """What all probes have: fitted to the train images, the network behind it frozen."""

    pool: int = Field(
        default=1, ge=1, le=256, description="parts a side that a block's output is averaged over"
    )
    deviations: Annotated[tuple[Deviation, ...], PRESENTATION] = ()


class Ridge(_Probe):
    """Least squares to the one-hot classes, in closed form."""

    kind: Literal["ridge"]
    alpha: float = Field(gt=0, description="weight of ‖W‖² beside the sum of squared errors")


class Sgd(_Probe):
    """Cross-entropy on standardised features by SGD, as a network's last layer is trained."""

    kind: Literal["sgd"]
    epochs: int = Field(ge=1, le=10_000)
    batch: int = Field(ge=1, le=65_536)
    lr: float = Field(gt=0, le=100, description="at the start of a cosine to 0")
    momentum: float = Field(ge=0, lt=1)
    weight_decay: float = Field(ge=0, le=1)


Probe = Annotated[Ridge | Sgd, Field(discriminator="kind")]
