"""A linear probe on features that are at hand.

Legend: M = images, D = features, K = classes.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from torch import Tensor

from harness.engine.arguments import checked
from harness.engine.probes.ridge import RidgeProbe
from harness.engine.probes.sgd import SgdProbe, SgdSchedule
from harness.engine.randomness import stream
from harness.engine.regression.linear_map import LinearMap
from harness.engine.regression.moments import Moments
from harness.errors import HarnessError

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
