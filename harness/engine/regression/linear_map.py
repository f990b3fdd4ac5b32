"""What a regression finds: y ≈ W·x + b.

Legend: M = images, D = features that predict, K = features that are predicted.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, eq=False)
class LinearMap:
    """Weights and bias in float64; they may live on any device."""

    weight_DK: Tensor
    bias_K: Tensor

    def __call__(self, x_MD: Tensor) -> Tensor:
        """Predictions [M, K], float64."""
        return self.bias_K + x_MD.to(self.weight_DK) @ self.weight_DK

    @classmethod
    def through(cls, weight_DK: Tensor, mean_x_D: Tensor, mean_y_K: Tensor) -> LinearMap:
        """The map of these weights that takes the mean of x to the mean of y."""
        return cls(weight_DK, mean_y_K - mean_x_D @ weight_DK)
