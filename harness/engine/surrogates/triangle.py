"""The triangle around the threshold."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from harness.engine.surrogates.protocol import require_positive


@dataclass(frozen=True)
class Triangle:
    """∂s/∂u = (1/γ²)·max(0, γ − |u − v_th|), with γ `gamma`, the half-width in units of the
    membrane potential.

    The shape is Esser et al., PNAS 113 (2016), at γ = 1, where it is max(0, 1 − |x|); Bellec et
    al., NeurIPS 2018, multiply that by a damping of 0.3, which is left out here. Written with γ so
    that the area is 1 at every width, as in Deng et al., Temporal Efficient Training, ICLR 2022;
    SpikingJelly's `PiecewiseQuadratic(alpha=1/γ)`.
    """

    gamma: float = 1.0

    def __post_init__(self) -> None:
        require_positive("surrogate triangle", gamma=self.gamma)

    def derivative(self, distance: Tensor) -> Tensor:
        """1/γ at the threshold, falling linearly to 0 at distance γ."""
        return (self.gamma - distance.abs()).clamp(min=0.0) * (1.0 / self.gamma**2)
