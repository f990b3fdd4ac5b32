"""How similarity is estimated: Centered Kernel Alignment over minibatches of test images."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from harness.spec.base import PRESENTATION, Spec
from harness.spec.deviation import Deviation


class Cka(Spec):
    """CKA(K, L) = ΣHSIC(K, L) / √(ΣHSIC(K, K)·ΣHSIC(L, L)), sums over minibatches (paper p. 5;
    Nguyen et al. 2020). The images are the first of the test set, in its order.
    """

    estimator: Literal["unbiased", "biased"] = Field(
        default="unbiased", description="HSIC₁ of Song et al. 2012, or HSIC₀ of Gretton et al. 2005"
    )
    images: int = Field(ge=4, le=1_000_000, description="of the test set, from its first on")
    batch: int = Field(ge=4, le=65_536, description="images of one Gram matrix")
    deviations: Annotated[tuple[Deviation, ...], PRESENTATION] = ()

    @model_validator(mode="after")
    def _whole_minibatches(self) -> Cka:
        if self.images % self.batch:
            raise ValueError(f"images {self.images} are no whole number of batches {self.batch}")
        return self
