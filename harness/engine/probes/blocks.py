"""Probes on many layers of a network at once, streaming over the images.

Legend: M = images, B = batch, C = channels, H, W = height and width, D = features, K = classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from harness.engine.arguments import checked, device_of, require_features
from harness.engine.data.labelled import LabelledSet
from harness.engine.features import image_features
from harness.engine.networks import Network, hooked
from harness.engine.networks.block import PreActivationBlock
from harness.engine.networks.hooks import in_mode
from harness.engine.probes.probe import (
    Method,
    ProbeAccuracy,
    RidgeProbe,
    SgdProbe,
    SgdSchedule,
    probe_order,
    require_method,
    right,
)
from harness.engine.regression.moments import LinearMap, Moments, moments_bytes
from harness.engine.regression.ridge import MEMORY_LIMIT, fit_in
from harness.engine.training.normalisation import Normalisation
from harness.engine.training.numerics import autocast
from harness.errors import HarnessError

_BATCH = 256  # images of a forward pass; that of `accuracy`


@dataclass(frozen=True, eq=False)
class Reading:
    """Which layers of which network are read, and how."""

    network: Network
    normalisation: Normalisation
    layers: Sequence[str]
    pool: int | None
    precision: str

    @torch.no_grad()
    def batches(
        self,
        images_MCHW: Tensor,
        labels_M: Tensor,
        *,
        order_M: Tensor | None = None,
        batch: int = _BATCH,
    ) -> Iterator[tuple[Mapping[str, Tensor], Tensor]]:
        """(features [B, D] by layer, labels [B]) of uint8 images, in their order or in `order_M`.

        In evaluation mode; the network's modes are restored after each batch, and the features of a
        layer are pooled as they come, so that no more than one batch of them is held.
        """
        device = device_of(self.network)
        order_M = torch.arange(len(labels_M)) if order_M is None else order_M
        for chosen in torch.split(order_M.to(labels_M.device), batch):
            yield self._read(images_MCHW[chosen].to(device)), labels_M[chosen].to(device)

    def _read(self, images_BCHW: Tensor) -> Mapping[str, Tensor]:
        found: dict[str, Tensor] = {}

        def keep(name: str, feature: Tensor) -> None:
            found[name] = require_features(f"probe {name}", image_features(feature, pool=self.pool))

        with (
            in_mode(self.network, "eval"),
            hooked(self.network, self.layers, keep),
            autocast(self.precision, images_BCHW.device),
        ):
            self.network(self.normalisation(images_BCHW))
        return found


Split = tuple[Tensor, Tensor]


def block_names(network: Network) -> tuple[str, ...]:
    """The residual blocks of a network in execution order, `s1.b0 s1.b1 …`."""
    blocks = {
        name for name, layer in network.named_modules() if isinstance(layer, PreActivationBlock)
    }
    return tuple(name for name in network.layer_names() if name in blocks)


@checked
def probe_blocks(
    network: Network,
    images: LabelledSet,
    normalisation: Normalisation,
    *,
    layers: Sequence[str] | None = None,
    method: Method = "ridge",
    pool: int | None = 1,
    alpha: float = 1.0,
    schedule: SgdSchedule | None = None,
    seed: int = 0,
    precision: str = "f32",
    memory_limit: int = MEMORY_LIMIT,
) -> dict[str, ProbeAccuracy]:
    """Linear probing accuracy of each layer, by name in execution order (Fig. A.6); the residual
    blocks where `layers` is None.

    The paper says "the fully-connected classifier on top of each block" and no more. Here a probe
    sees the block's output averaged over time, since the network averages its logits over time and
    a linear map commutes with the mean, and pooled to `pool` parts a side (`image_features`); it is
    fitted to the train images without augmentation, the network frozen in evaluation mode. "ridge"
    solves for it in closed form: one pass, each layer keeping D·D + D·K float64 numbers, never the
    features of the set; over `memory_limit` bytes of them it raises HarnessError. "sgd" trains all
    probes side by side as a last layer is trained, one pass per epoch and one for mean and spread.
    """
    require_method(method)
    layers = block_names(network) if layers is None else layers
    if not layers:
        raise HarnessError(
            "probe layers", "the network has no residual blocks", hint="name the layers"
        )
    reading = Reading(network, normalisation, layers, pool, precision)
    train, classes = images.split("train"), len(images.class_names)
    if method == "ridge":
        ridges = _ridge_probes(reading, train, classes, alpha, memory_limit)
        found = {name: probe.solve() for name, probe in ridges.items()}
    else:
        trained = _sgd_probes(reading, train, classes, schedule or SgdSchedule(), seed)
        found = {name: probe.solve() for name, probe in trained.items()}
    on_train = _accuracies(reading, found, train)
    on_test = _accuracies(reading, found, images.split("test"))
    return {name: ProbeAccuracy(on_train[name], on_test[name]) for name in found}


def _ridge_probes(
    reading: Reading, train: Split, classes: int, alpha: float, memory_limit: int
) -> Mapping[str, RidgeProbe]:
    probes: dict[str, RidgeProbe] = {}
    for features, labels_M in reading.batches(*train):
        if not probes:
            sizes = [feature.shape[1] for feature in features.values()]
            fit_in(sum(moments_bytes(size, classes) for size in sizes), memory_limit)
        for name, feature_MD in features.items():
            if name not in probes:
                size, place = feature_MD.shape[1], feature_MD.device
                probes[name] = RidgeProbe(size, classes, alpha=alpha, device=place)
            probes[name].update(feature_MD, labels_M)
    return probes


def _sgd_probes(
    reading: Reading, train: Split, classes: int, schedule: SgdSchedule, seed: int
) -> Mapping[str, SgdProbe]:
    images = len(train[1])
    steps = schedule.epochs * -(-images // schedule.batch)
    probes = {
        name: SgdProbe(mean_D, std_D, classes, schedule=schedule, steps=steps)
        for name, (mean_D, std_D) in _spreads(reading, train).items()
    }
    for epoch in range(schedule.epochs):
        order_M = probe_order(images, seed, epoch)
        for features, labels_M in reading.batches(*train, order_M=order_M, batch=schedule.batch):
            for name, feature_MD in features.items():
                probes[name].update(feature_MD, labels_M)
    return probes


def _spreads(reading: Reading, train: Split) -> Mapping[str, tuple[Tensor, Tensor]]:
    """Mean and standard deviation of each feature, by layer."""
    found: dict[str, Moments] = {}
    for features, _ in reading.batches(*train):
        for name, feature_MD in features.items():
            size = feature_MD.shape[1]
            moments = found.setdefault(name, Moments(0, size, device=feature_MD.device))
            moments.update(feature_MD[:, :0], feature_MD)
    for moments in found.values():
        moments.settle()
    return {
        name: (moments.mean_y_K, (moments.spread_K / moments.count).sqrt())
        for name, moments in found.items()
    }


def _accuracies(
    reading: Reading, found: Mapping[str, LinearMap], split: Split
) -> Mapping[str, float]:
    """Percent of right answers of each layer's probe."""
    counts = dict.fromkeys(found, 0)
    for features, labels_M in reading.batches(*split):
        for name, feature_MD in features.items():
            counts[name] += right(found[name], feature_MD, labels_M)
    return {name: 100.0 * count / len(split[1]) for name, count in counts.items()}
