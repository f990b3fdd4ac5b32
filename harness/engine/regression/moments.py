"""Means and centred second moments of pairs of features, the linear map that is fitted to them, and
how well it predicts.

Legend: M = images of a batch, D = features that predict, K = features that are predicted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
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


_BYTES = 8  # of a float64


class Moments:
    """Everything that a linear regression from x [M, D] to y [M, K] needs to know of its data.

    Sums are float64 and centred as they grow (Chan, Golub and LeVeque, The American Statistician
    37, 1983): with n images so far and m new ones, whose means differ by δ, the scatter grows by
    that of the new ones about their own mean and by n·m/(n + m)·δδᵀ. Raw sums would lose the digits
    of features whose mean is large beside their spread. Memory is that of two matrices, D·D and
    D·K, whatever the number of images.
    """

    def __init__(
        self,
        features_x: int,
        features_y: int,
        *,
        device: torch.device | str = "cpu",
    ) -> None:
        def zeros(*shape: int) -> Tensor:
            return torch.zeros(*shape, dtype=torch.float64, device=device)

        self.count = 0
        self._eps = 0.0  # rounding of the coarsest dtype that came
        self.mean_x_D = zeros(features_x)
        self.mean_y_K = zeros(features_y)
        self.scatter_DD = zeros(features_x, features_x)
        self.cross_DK = zeros(features_x, features_y)
        self.spread_K = zeros(features_y)  # Σ(y − mean)², the targets' own scatter

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
        self.spread_K += y.square().sum(0) + between * shift_y_K.square()
        self.count += new
        dtypes = [one.dtype for one in (x_MD, y_MK) if one.is_floating_point()]
        self._eps = max([self._eps, *(torch.finfo(dtype).eps for dtype in dtypes)])
        self.mean_x_D += shift_x_D * (new / self.count)
        self.mean_y_K += shift_y_K * (new / self.count)

    def settle(self) -> None:
        """Set to 0 what rounding alone left of features that are the same for every image."""
        still_x_D = still(self.scatter_DD.diagonal(), self.mean_x_D, self.count, self._eps)
        still_y_K = still(self.spread_K, self.mean_y_K, self.count, self._eps)
        self.scatter_DD[still_x_D] = self.scatter_DD[:, still_x_D] = 0.0
        self.cross_DK[still_x_D] = self.cross_DK[:, still_y_K] = 0.0
        self.spread_K[still_y_K] = 0.0


def still(scatter_D: Tensor, mean_D: Tensor, count: int, eps: float) -> Tensor:
    """Which features [D] do not vary but for rounding, given Σ(x − mean)² over `count` images.

    A sum of n numbers in float64 is off by n·ε of their mean size at most (Higham, Accuracy and
    Stability of Numerical Algorithms, 2002, section 4.2), and numbers that came with a relative
    rounding `eps` of their own may differ by that.
    """
    noise_D = (eps + count * torch.finfo(torch.float64).eps) * mean_D
    return scatter_D <= count * noise_D.square()


def moments_bytes(features_x: int, features_y: int) -> int:
    """Memory of the matrices of `Moments`, bytes."""
    return _BYTES * features_x * (features_x + features_y)


def _centred(features: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
    """A batch about its own mean, float64, and how far that lies from the mean before."""
    wide = features.to(before)
    mean = wide.mean(0)
    return wide - mean, mean - before


@dataclass(frozen=True, eq=False)
class Score:
    """Of all images that were added.

    An MSE of 0.03 is good for targets of variance 0.3 and worthless for those of 0.03, so the
    variance stands beside it, and r2 = 1 − mse/variance (scikit-learn's "variance_weighted") sets
    one against the other.
    """

    images: int
    mse: float  # mean over images and targets
    variance: float  # mean over targets of their variance over these images
    r2: float  # NaN where no target varies but for rounding
    mse_K: Tensor  # per target, float64
    variance_K: Tensor


class Residuals:
    """Squared errors and the spread of the targets, added up batch by batch in float64."""

    def __init__(self, features_y: int, *, device: torch.device | str = "cpu") -> None:
        self.squares_K = torch.zeros(features_y, dtype=torch.float64, device=device)
        self.targets = Moments(0, features_y, device=device)

    def update(self, predicted_MK: Tensor, y_MK: Tensor) -> None:
        """Add a batch."""
        self.targets.update(y_MK[:, :0], y_MK)
        self.squares_K += (predicted_MK - y_MK.to(self.squares_K)).square().sum(0)

    def score(self) -> Score:
        """Of everything added so far."""
        self.targets.settle()
        images = self.targets.count
        mse_K, variance_K = self.squares_K / images, self.targets.spread_K / images
        mse, variance = float(mse_K.mean()), float(variance_K.mean())
        r2 = 1 - mse / variance if variance > 0 else math.nan
        return Score(images, mse, variance, r2, mse_K.cpu(), variance_K.cpu())
