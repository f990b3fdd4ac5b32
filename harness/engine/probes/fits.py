"""The two ways to fit linear probes: in closed form, or as a network's last layer is trained, by
cross-entropy and minibatch SGD.

Legend: M = images of a batch, D = features, K = classes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from harness.engine.probes.features import Features
from harness.engine.randomness import stream
from harness.engine.regression.moments import LinearMap, Moments, moments_bytes
from harness.engine.regression.ridge import fit_in, ridge_of
from harness.parts.probes import Ridge, Sgd


def by_ridge(
    probe: Ridge, features: Features, train: tuple[Tensor, Tensor], classes: int
) -> Mapping[str, LinearMap]:
    """The classifier of each layer, after one pass over the images: least squares to the one-hot
    classes with α‖W‖² and a free bias; the largest output decides.

    Of each layer the second moments alone are kept (`Moments`), so it is exact and holds no feature
    matrix. Targets of −1 and 1 would give the same decisions.
    """
    found: dict[str, Moments] = {}
    for by_layer, labels_M in features.batches(*train):
        if not found:
            sizes = [feature.shape[1] for feature in by_layer.values()]
            fit_in(sum(moments_bytes(size, classes) for size in sizes), features.memory_limit)
        for name, feature_MD in by_layer.items():
            if name not in found:
                size = feature_MD.shape[1]
                found[name] = Moments(size, classes, device=feature_MD.device)
            found[name].update(feature_MD, functional.one_hot(labels_M, classes))
    return {name: ridge_of(moments, alpha=probe.alpha) for name, moments in found.items()}


class SgdProbe:
    """Softmax regression that is handed batch after batch, any number of epochs of them.

    Features are standardised by `mean_D` and `std_D`, so that one learning rate fits layers of any
    scale; a feature without spread counts as 0. Weights start at 0: the problem is convex.
    """

    def __init__(
        self, mean_D: Tensor, std_D: Tensor, classes: int, *, schedule: Sgd, steps: int
    ) -> None:
        self.schedule = schedule
        self.steps = steps
        self.done = 0
        wide = torch.get_default_dtype()  # float32, but in the float64 runs of the canary
        self.mean_D = mean_D.to(wide)
        self.scale_D = torch.where(std_D > 0, 1 / std_D, torch.zeros_like(std_D)).to(wide)
        place = mean_D.device
        self.weight_DK = torch.zeros(len(mean_D), classes, device=place)
        self.bias_K = torch.zeros(classes, device=place)
        self._velocity_DK = torch.zeros_like(self.weight_DK)
        self._velocity_K = torch.zeros_like(self.bias_K)

    def update(self, features_MD: Tensor, labels_M: Tensor) -> None:
        """One step on the mean cross-entropy of a batch, its gradient written out: Xᵀ(p − y)/M."""
        recipe = self.schedule
        x_MD = (features_MD.to(self.mean_D.dtype) - self.mean_D) * self.scale_D
        wrong_MK = torch.softmax(x_MD @ self.weight_DK + self.bias_K, 1)
        wrong_MK -= functional.one_hot(labels_M, len(self.bias_K))
        wrong_MK /= len(labels_M)
        lr = recipe.lr * (1 + math.cos(math.pi * self.done / self.steps)) / 2
        gradient_DK = x_MD.T @ wrong_MK + recipe.weight_decay * self.weight_DK
        self._velocity_DK.mul_(recipe.momentum).add_(gradient_DK)
        self._velocity_K.mul_(recipe.momentum).add_(wrong_MK.sum(0))
        self.weight_DK -= lr * self._velocity_DK
        self.bias_K -= lr * self._velocity_K
        self.done += 1

    def solve(self) -> LinearMap:
        """The classifier as it is now, on features as they come."""
        weight_DK = self.weight_DK.double() * self.scale_D.double()[:, None]
        return LinearMap(weight_DK, self.bias_K.double() - self.mean_D.double() @ weight_DK)


def by_sgd(
    probe: Sgd, features: Features, train: tuple[Tensor, Tensor], classes: int, seed: int
) -> Mapping[str, LinearMap]:
    """The classifiers of all layers, trained side by side."""
    images = len(train[1])
    steps = probe.epochs * -(-images // probe.batch)
    probes = {
        name: SgdProbe(mean_D, std_D, classes, schedule=probe, steps=steps)
        for name, (mean_D, std_D) in _spreads(features, train).items()
    }
    for epoch in range(probe.epochs):
        order_M = torch.randperm(images, generator=stream(seed, "probe", epoch))
        for by_layer, labels_M in features.batches(*train, order_M=order_M, batch=probe.batch):
            for name, feature_MD in by_layer.items():
                probes[name].update(feature_MD, labels_M)
    return {name: one.solve() for name, one in probes.items()}


def _spreads(
    features: Features, train: tuple[Tensor, Tensor]
) -> Mapping[str, tuple[Tensor, Tensor]]:
    """Mean and standard deviation of each feature, by layer."""
    found: dict[str, Moments] = {}
    for by_layer, _ in features.batches(*train):
        for name, feature_MD in by_layer.items():
            size = feature_MD.shape[1]
            moments = found.setdefault(name, Moments(0, size, device=feature_MD.device))
            moments.update(feature_MD[:, :0], feature_MD)
    for moments in found.values():
        moments.settle()
    return {
        name: (moments.mean_y_K, (moments.spread_K / moments.count).sqrt())
        for name, moments in found.items()
    }
