"""Linear probes: how well a linear classifier reads the classes off a layer."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from harness.spec.base import PRESENTATION, Spec
from harness.spec.deviation import Deviation


class Probe(Spec):
    """A linear layer on the features of one block, the network behind it frozen (paper A.2)."""

    method: Literal["ridge"] = Field(
        default="ridge", description="least squares to one-hot labels, closed form in float64"
    )
    penalty: float = Field(gt=0, description="λ, of the mean diagonal of the normal equations")
    train_images: int = Field(ge=1, le=1_000_000, description="that it is fitted on")
    test_images: int = Field(ge=1, le=1_000_000, description="that it is scored on")
    deviations: Annotated[tuple[Deviation, ...], PRESENTATION] = ()
