"""A probe in closed form: ridge regression to the classes.

Legend: M = images, D = features, K = classes.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from harness.engine.probes.features import Features
from harness.engine.regression.linear_map import LinearMap
from harness.engine.regression.moments import Moments, moments_bytes
from harness.engine.regression.ridge import fit_in, ridge_of
from harness.parts.probes import Ridge


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


def fitted(
    probe: Ridge, features: Features, train: tuple[Tensor, Tensor], classes: int
) -> Mapping[str, LinearMap]:
    """The classifier of each layer, after one pass over the images."""
    probes: dict[str, RidgeProbe] = {}
    for by_layer, labels_M in features.batches(*train):
        if not probes:
            sizes = [feature.shape[1] for feature in by_layer.values()]
            fit_in(sum(moments_bytes(size, classes) for size in sizes), features.memory_limit)
        for name, feature_MD in by_layer.items():
            if name not in probes:
                size, place = feature_MD.shape[1], feature_MD.device
                probes[name] = RidgeProbe(size, classes, alpha=probe.alpha, device=place)
            probes[name].update(feature_MD, labels_M)
    return {name: one.solve() for name, one in probes.items()}
