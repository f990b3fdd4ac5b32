"""Linear probes on features that are at hand: in closed form, or trained as a network's last layer
is, by cross-entropy and minibatch SGD.

Legend: M = images, D = features, K = classes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from harness.engine.arguments import checked
from harness.engine.randomness import stream
from harness.engine.regression.moments import LinearMap, Moments
from harness.engine.regression.ridge import ridge_of
from harness.errors import HarnessError


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


@dataclass(frozen=True)
class SgdSchedule:
    """Momentum SGD with a cosine from `lr` to 0, on standardised features."""

    epochs: int = 20
    lr: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 1e-4  # of the weights, not of the bias
    batch: int = 256

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch < 1 or not self.lr > 0 or self.weight_decay < 0:
            raise HarnessError(
                "probe schedule", f"epochs, batch and lr must be above 0 (got {self})"
            )


class SgdProbe:
    """Softmax regression that is handed batch after batch, any number of epochs of them.

    Features are standardised by `mean_D` and `std_D`, so that one learning rate fits layers of any
    scale; a feature without spread counts as 0. Weights start at 0: the problem is convex.
    """

    def __init__(
        self, mean_D: Tensor, std_D: Tensor, classes: int, *, schedule: SgdSchedule, steps: int
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


Method = Literal["ridge", "sgd"]
METHODS: tuple[Method, ...] = ("ridge", "sgd")


class ProbeAccuracy(NamedTuple):
    """Percent of images whose class a probe names."""

    train: float
    test: float


@checked
def linear_probe(
    features_train_MD: Tensor,
    labels_train_M: Tensor,
    features_test_MD: Tensor,
    labels_test_M: Tensor,
    *,
    method: Method = "ridge",
    alpha: float = 1.0,
    schedule: SgdSchedule | None = None,
    seed: int = 0,
) -> ProbeAccuracy:
    """Fit a linear classifier to the train features, and how often it is right on both splits.

    "ridge" is `RidgeProbe` with `alpha`; "sgd" is `SgdProbe` with `schedule`, in an order drawn
    from stream(seed, "probe", epoch).
    """
    classes = int(torch.max(labels_train_M.max(), labels_test_M.max())) + 1
    require_method(method)
    train = (features_train_MD, labels_train_M)
    if method == "ridge":
        features = features_train_MD.shape[1]
        ridge = RidgeProbe(features, classes, alpha=alpha, device=features_train_MD.device)
        ridge.update(*train)
        found = ridge.solve()
    else:
        found = _by_sgd(*train, classes, schedule or SgdSchedule(), seed)
    return ProbeAccuracy(
        *(
            100.0 * right(found, features, labels) / len(labels)
            for features, labels in (train, (features_test_MD, labels_test_M))
        )
    )


def right(found: LinearMap, features_MD: Tensor, labels_M: Tensor) -> int:
    """How many images have their largest output at the label."""
    return int((found(features_MD).argmax(1) == labels_M).sum())


def require_method(method: str) -> None:
    """Raise HarnessError for a method that is none."""
    if method not in METHODS:
        raise HarnessError("probe method", f"'ridge' or 'sgd' (got {method!r})")


def probe_order(images: int, seed: int, epoch: int) -> Tensor:
    """In which order an epoch of SGD sees the images."""
    return torch.randperm(images, generator=stream(seed, "probe", epoch))


def _by_sgd(
    features_MD: Tensor, labels_M: Tensor, classes: int, schedule: SgdSchedule, seed: int
) -> LinearMap:
    moments = Moments(0, features_MD.shape[1], device=features_MD.device)
    moments.update(features_MD[:, :0], features_MD)
    moments.settle()
    steps = schedule.epochs * -(-len(labels_M) // schedule.batch)
    std_D = (moments.spread_K / moments.count).sqrt()
    probe = SgdProbe(moments.mean_y_K, std_D, classes, schedule=schedule, steps=steps)
    for epoch in range(schedule.epochs):
        order = probe_order(len(labels_M), seed, epoch).to(labels_M.device)
        for chosen in torch.split(order, schedule.batch):
            probe.update(features_MD[chosen], labels_M[chosen])
    return probe.solve()
