"""Attacks on the input images, with every number that the paper leaves open."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from harness.spec.base import PRESENTATION, Spec
from harness.spec.deviation import Deviation

Mode = Literal["eval", "train"]


class _Attack(Spec):
    """What all attacks have: the L∞ ball of radius ε around a test image, and who is attacked."""

    units: Literal["pixel", "normalised"] = Field(
        description="of ε: the full brightness (0…1), or per-channel standard deviations"
    )
    accuracy_mode: Mode = Field(default="eval", description="of the network while accuracy attacks")
    similarity_mode: Mode = Field(default="eval", description="while the images for CKA are made")
    clip: bool = Field(description="keep the pixels between black and white")
    images: int = Field(ge=1, le=1_000_000, description="test images whose accuracy is taken")
    batch: int = Field(ge=1, le=65_536, description="images attacked at once")
    deviations: Annotated[tuple[Deviation, ...], PRESENTATION] = ()


class Pgd(_Attack):
    """Projected gradient descent (paper eq. 5, p. 10; Madry et al. 2018)."""

    kind: Literal["pgd"]
    step: float = Field(gt=0, le=10, description="of an iteration, as a share of ε")
    iterations: int = Field(ge=1, le=10_000)
    random_start: bool = Field(description="anywhere in the ball, or at the image")


class Fgsm(_Attack):
    """One step of size ε along the sign of the gradient (Goodfellow et al. 2015)."""

    kind: Literal["fgsm"]


Attack = Annotated[Pgd | Fgsm, Field(discriminator="kind")]
