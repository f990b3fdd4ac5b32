"""The derivative of the logistic function."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from harness.engine.surrogates.protocol import require_positive


@dataclass(frozen=True)
class Sigmoid:
    """∂s/∂u = α·σ(αx)·(1 − σ(αx)), x = u − v_th, σ the logistic function, α `alpha` per unit of
    the membrane potential.

    One of the four curves of Wu et al., Spatio-Temporal Backpropagation, Front. Neurosci. 12
    (2018), there with the width 1/α; α = 4 is SpikingJelly's default. Peak α/4, area 1. Zenke and
    Ganguli's SuperSpike (Neural Computation 2018) is another curve, 1/(1 + β|x|)², that is often
    called by this name ("fast sigmoid").
    """

    alpha: float = 4.0

    def __post_init__(self) -> None:
        require_positive("surrogate sigmoid", alpha=self.alpha)

    def derivative(self, distance: Tensor) -> Tensor:
        """α·e/(1 + e)² with e = exp(−α|x|), which cannot overflow."""
        decline = torch.exp(distance.abs() * -self.alpha)
        return self.alpha * decline / (1.0 + decline).square()
