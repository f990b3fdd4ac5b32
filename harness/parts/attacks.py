"""Attacks on the input images, with every number that the paper leaves open.

Legend: T = time steps, B = batch, C = channels, H, W = height and width.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from harness.parts.base import LATER, Deviations, Part
from harness.parts.surrogates import Surrogate

if TYPE_CHECKING:
    from torch import Tensor, nn

Mode = Literal["eval", "train"]
DriftingMode = Literal["eval", "train", "drifting"]


class Attack(Part, family="attack"):
    """An attack but for its strength: the L∞ ball of radius ε around a test image, and who is
    attacked. What need not be said in Python is the published code's: ε in standard deviations of
    the normalised input, no cut to valid pixels. For its accuracies the network is attacked in
    "eval" mode, for its CKA figure in "train" mode, where the batch norms follow the attacked
    batch; there their running statistics drift on the way and stay so, as here in "drifting" mode.
    The paper gives none of these numbers.
    """

    kind: str
    units: Literal["pixel", "normalised"] = Field(
        description="of ε: the full brightness (0…1), or per-channel standard deviations"
    )
    accuracy_mode: Mode = Field(default="eval", description="of the network while accuracy attacks")
    similarity_mode: DriftingMode = Field(
        default="eval",
        description="while the images for CKA are made; 'drifting': training, and a copy of the "
        "network whose running statistics stay as the attack left them sees the attacked images",
    )
    clip: bool = Field(description="keep the pixels between black and white")
    images: int = Field(ge=1, le=1_000_000, description="test images whose accuracy is taken")
    batch: int = Field(ge=1, le=65_536, description="images attacked at once")
    surrogate: Annotated[Surrogate | None, LATER] = Field(
        default=None,
        description="that the gradients of the attack take in place of the neurons' own, which "
        "leaves the spikes as they are; networks without time have none",
    )
    deviations: Deviations = ()
    usual: ClassVar = {"units": "normalised", "clip": False, "images": 10_000, "batch": 256}

    @abstractmethod
    def perturb(
        self, network: nn.Module, inputs: Tensor, labels: Tensor, *, epsilon: float, **how: Any
    ) -> Tensor:
        """Inputs within ε of the given ones, [B, C, H, W] or frames [T, B, C, H, W]; `how` holds
        normalisation, mode, generator and precision, as `harness.engine.attacks.pgd` takes them.
        """


class Pgd(Attack):
    """Projected gradient descent (paper eq. 5, p. 10; Madry et al. 2018)."""

    kind: Literal["pgd"]
    step: float = Field(gt=0, le=10, description="of an iteration, as a share of ε")
    iterations: int = Field(ge=1, le=10_000)
    random_start: bool = Field(description="anywhere in the ball, or at the image")
    restarts: Annotated[int, LATER] = Field(
        default=1, ge=1, le=1000, description="random starts, of which each image keeps the worst"
    )
    usual: ClassVar = {**Attack.usual, "step": 0.1, "iterations": 20, "random_start": False}

    @model_validator(mode="after")
    def _starts_differ(self) -> Pgd:
        if self.restarts > 1 and not self.random_start:
            raise ValueError("restarts need random_start = true: without it all are the same")
        return self

    def perturb(
        self, network: nn.Module, inputs: Tensor, labels: Tensor, *, epsilon: float, **how: Any
    ) -> Tensor:
        """x ← Π(x + step·sign(∂L/∂x)), `iterations` times."""
        from harness.engine.attacks import pgd

        return pgd(
            network,
            inputs,
            labels,
            epsilon=epsilon,
            step=self.step * epsilon,
            iterations=self.iterations,
            random_start=self.random_start,
            restarts=self.restarts,
            units=self.units,
            clip=self.clip,
            **how,
        )


class Apgd(Attack):
    """Auto-PGD on the cross-entropy: momentum, and steps that halve where the loss stops rising
    (Croce & Hein 2020).
    """

    kind: Literal["apgd"]
    iterations: int = Field(ge=1, le=10_000)
    random_start: bool = Field(description="anywhere in the ball, or at the image")
    usual: ClassVar = {**Attack.usual, "iterations": 100, "random_start": True}

    def perturb(
        self, network: nn.Module, inputs: Tensor, labels: Tensor, *, epsilon: float, **how: Any
    ) -> Tensor:
        """Of each image the worst that is met in `iterations` steps."""
        from harness.engine.attacks import apgd

        return apgd(
            network,
            inputs,
            labels,
            epsilon=epsilon,
            iterations=self.iterations,
            random_start=self.random_start,
            units=self.units,
            clip=self.clip,
            **how,
        )


class Fgsm(Attack):
    """One step of size ε along the sign of the gradient (Goodfellow et al. 2015)."""

    kind: Literal["fgsm"]

    def perturb(
        self, network: nn.Module, inputs: Tensor, labels: Tensor, *, epsilon: float, **how: Any
    ) -> Tensor:
        """x + ε·sign(∂L/∂x)."""
        from harness.engine.attacks import pgd

        ball: dict[str, Any] = {"units": self.units, "clip": self.clip}
        length: dict[str, Any] = {"epsilon": epsilon, "step": epsilon, "iterations": 1}
        return pgd(network, inputs, labels, **ball, **length, **how)
