"""The derivative of the arc tangent."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

from harness.engine.surrogates.protocol import require_positive


@dataclass(frozen=True)
class Arctan:
    """∂s/∂u = (α/2) / (1 + (π/2·α·x)²), x = u − v_th, α `alpha` per unit of the membrane potential.

    The derivative of arctan(π/2·α·x)/π + ½; with the default α = 2 it is 1/(1 + (πx)²), the
    surrogate of Fang et al., Incorporating Learnable Membrane Time Constant, ICCV 2021, and
    SpikingJelly's `ATan`. Peak α/2, area 1, of which a fifth lies beyond |x| = 1 at α = 2: its
    tails fall with 1/x² alone, so no neuron is ever without gradient.
    """

    alpha: float = 2.0

    def __post_init__(self) -> None:
        require_positive("surrogate arctan", alpha=self.alpha)

    def derivative(self, distance: Tensor) -> Tensor:
        """Largest at the threshold, nowhere 0."""
        scaled = distance * (math.pi / 2.0 * self.alpha)
        return (self.alpha / 2.0) / (1.0 + scaled * scaled)
