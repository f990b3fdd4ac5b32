"""What a regression finds: y ≈ W·x + b.

Legend: M = images, D = features that predict, K = features that are predicted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor

from harness.engine.data.labelled import described
from harness.errors import HarnessError


@dataclass(frozen=True, eq=False)
class LinearMap:
    """Weights and bias in float64; they may live on any device."""

    weight_DK: Tensor
    bias_K: Tensor

    def __call__(self, x_MD: Tensor) -> Tensor:
        """Predictions [M, K], float64. Raises HarnessError for another number of features."""
        if x_MD.shape[1:] != self.weight_DK.shape[:1]:
            said = f"made for {len(self.weight_DK)} features (got {described(x_MD)})"
            raise HarnessError("linear map", said)
        return self.bias_K + x_MD.to(self.weight_DK) @ self.weight_DK

    @classmethod
    def through(cls, weight_DK: Tensor, mean_x_D: Tensor, mean_y_K: Tensor) -> LinearMap:
        """The map of these weights that takes the mean of x to the mean of y."""
        return cls(weight_DK, mean_y_K - mean_x_D @ weight_DK)


class Fitted(NamedTuple):
    """A map, the way in which it was found ("gram", "normal equations", "sgd") and, of one that was
    found in steps, the MSE of the batches of each epoch, before their steps.
    """

    map: LinearMap
    solver: str
    losses: tuple[float, ...] = ()
