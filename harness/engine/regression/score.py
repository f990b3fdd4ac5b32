"""How well a linear map predicts, with what is needed to read the error.

Legend: M = images of a batch, K = features that are predicted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from harness.engine.regression.moments import Moments


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
