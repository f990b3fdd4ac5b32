"""The fast gradient sign method (Goodfellow et al. 2015)."""

from __future__ import annotations

from torch import Tensor, nn

from harness.engine.arguments import checked
from harness.engine.attacks.pgd import pgd
from harness.engine.training.normalisation import Normalisation


@checked
def fgsm(
    network: nn.Module,
    inputs: Tensor,
    labels_B: Tensor,
    *,
    normalisation: Normalisation,
    epsilon: float,
    units: str = "pixel",
    clip: bool = True,
    mode: str = "eval",
    precision: str = "f32",
) -> Tensor:
    """x + ε·sign(∂L/∂x): one step of `pgd` of length ε from the clean inputs; see there."""
    return pgd(
        network,
        inputs,
        labels_B,
        normalisation=normalisation,
        epsilon=epsilon,
        step=epsilon,
        iterations=1,
        units=units,
        clip=clip,
        mode=mode,
        precision=precision,
    )
