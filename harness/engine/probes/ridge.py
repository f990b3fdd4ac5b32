"""A probe in closed form: ridge regression to the classes.

Legend: M = images, D = features, K = classes.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from harness.engine.regression.linear_map import LinearMap
from harness.engine.regression.moments import Moments
from harness.engine.regression.ridge import ridge_of


class RidgeProbe:
    """Least squares to the one-hot classes with α‖W‖² and a free bias; the largest output decides.

    It sees each image once and keeps its second moments alone (`Moments`), so it is exact and holds
    no feature matrix. Targets of −1 and 1 would give the same decisions.
    """

    def __init__(
        self, features: int, classes: int, *, alpha: float, device: torch.device | str = "cpu"
    ) -> None:
        self.alpha = alpha
        self.classes = classes
        self.moments = Moments(features, classes, device=device)

    def update(self, features_MD: Tensor, labels_M: Tensor) -> None:
        """Add a batch."""
        self.moments.update(features_MD, functional.one_hot(labels_M, self.classes))

    def solve(self) -> LinearMap:
        """The classifier of everything added so far."""
        return ridge_of(self.moments, alpha=self.alpha)
