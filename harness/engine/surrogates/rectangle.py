"""The rectangle of the paper's eq. 3."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from harness.engine.surrogates.protocol import require_positive


@dataclass(frozen=True)
class Rectangle:
    """∂s/∂u = (1/α)·1[|u − v_th| < α] (paper eq. 3, p. 4; the paper trains with α = 1).

    Its area is 2 for every α: a derivative of a unit step would have area 1, so gradients grow on
    the way back through a deep network. `alpha` is the half-width in units of the membrane
    potential.
    """

    alpha: float = 1.0

    def __post_init__(self) -> None:
        require_positive("surrogate rectangle", alpha=self.alpha)

    def derivative(self, distance: Tensor) -> Tensor:
        """1/α inside the open window, 0 outside."""
        return (distance.abs() < self.alpha).to(distance.dtype) * (1.0 / self.alpha)
