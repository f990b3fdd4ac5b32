"""Means and centred second moments of pairs of features, added up batch by batch.

Legend: M = images of a batch, D = features that predict, K = features that are predicted.
"""

from __future__ import annotations

import torch
from torch import Tensor

from harness.errors import HarnessError

_BYTES = 8  # of a float64


class Moments:
    """Everything that a linear regression from x [M, D] to y [M, K] needs to know of its data.

    Sums are float64 and centred as they grow (Chan, Golub and LeVeque, The American Statistician
    37, 1983): with n images so far and m new ones, whose means differ by δ, the scatter grows by
    that of the new ones about their own mean and by n·m/(n + m)·δδᵀ. Raw sums would lose the digits
    of features whose mean is large beside their spread. Memory is that of three matrices, D·D, D·K
    and, with `both_ways`, K·K, whatever the number of images.
    """

    def __init__(
        self,
        features_x: int,
        features_y: int,
        *,
        both_ways: bool = False,
        device: torch.device | str = "cpu",
    ) -> None:
        def zeros(*shape: int) -> Tensor:
            return torch.zeros(*shape, dtype=torch.float64, device=device)

        self.count = 0
        self.mean_x_D = zeros(features_x)
        self.mean_y_K = zeros(features_y)
        self.scatter_DD = zeros(features_x, features_x)
        self.cross_DK = zeros(features_x, features_y)
        self.scatter_KK = zeros(features_y, features_y) if both_ways else None
        self.spread_K = zeros(features_y)  # the diagonal of scatter_KK, kept in any case

    def update(self, x_MD: Tensor, y_MK: Tensor) -> None:
        """Add a batch; any floating dtype. Raises HarnessError for shapes that do not fit."""
        new = len(x_MD)
        shapes = [list(x_MD.shape), list(y_MK.shape)]
        if not new or shapes != [[new, len(self.mean_x_D)], [new, len(self.mean_y_K)]]:
            wanted = f"[M, {len(self.mean_x_D)}] and [M, {len(self.mean_y_K)}]"
            raise HarnessError("regression batch", f"expected {wanted}, M ≥ 1 (got {shapes})")
        x, shift_x_D = _centred(x_MD, self.mean_x_D)
        y, shift_y_K = _centred(y_MK, self.mean_y_K)
        between = self.count * new / (self.count + new)
        self.scatter_DD.addmm_(x.T, x).addr_(shift_x_D, shift_x_D, alpha=between)
        self.cross_DK.addmm_(x.T, y).addr_(shift_x_D, shift_y_K, alpha=between)
        if self.scatter_KK is not None:
            self.scatter_KK.addmm_(y.T, y).addr_(shift_y_K, shift_y_K, alpha=between)
        self.spread_K += y.square().sum(0) + between * shift_y_K.square()
        self.count += new
        self.mean_x_D += shift_x_D * (new / self.count)
        self.mean_y_K += shift_y_K * (new / self.count)

    def reversed(self) -> Moments:
        """The same data with x and y in each other's place; shares memory with this one."""
        if self.scatter_KK is None:
            raise HarnessError(
                "regression moments", "were not kept both ways", hint="make them with both_ways"
            )
        other = Moments(0, 0)
        other.count = self.count
        other.mean_x_D, other.mean_y_K = self.mean_y_K, self.mean_x_D
        other.scatter_DD, other.scatter_KK = self.scatter_KK, self.scatter_DD
        other.cross_DK, other.spread_K = self.cross_DK.T, self.scatter_DD.diagonal()
        return other


def moments_bytes(features_x: int, features_y: int, *, both_ways: bool = False) -> int:
    """Memory of the matrices of `Moments`, bytes."""
    other = features_y * features_y if both_ways else 0
    return _BYTES * (features_x * features_x + features_x * features_y + other)


def _centred(features: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
    """A batch about its own mean, float64, and how far that lies from the mean before."""
    wide = features.to(before)
    mean = wide.mean(0)
    return wide - mean, mean - before
