"""Linear probes on features at hand, or on many layers of a network at once.

Legend: M = images, D = features, K = classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from harness.engine.arguments import checked
from harness.engine.data.labelled import LabelledSet
from harness.engine.networks import Network
from harness.engine.networks.block import PreActivationBlock
from harness.engine.probes.features import AtHand, Features, LayerFeatures
from harness.engine.regression.moments import LinearMap
from harness.engine.regression.ridge import MEMORY_LIMIT
from harness.engine.training.normalisation import Normalisation
from harness.errors import HarnessError
from harness.parts.probes import Probe


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
    probe: Probe,
    *,
    seed: int = 0,
) -> ProbeAccuracy:
    """Fit a linear classifier to the train features, and how often it is right on both splits.

    A probe is one of `harness.parts.probes`, as `Ridge(alpha=1.0)`; `seed` decides in which order
    one sees the images that is fitted in steps.
    """
    classes = int(torch.max(labels_train_M.max(), labels_test_M.max())) + 1
    given, train = AtHand(), (features_train_MD, labels_train_M)
    found = probe.fitted(given, train, classes, seed)
    splits = (train, (features_test_MD, labels_test_M))
    return ProbeAccuracy(*(_accuracies(given, found, split)[given.name] for split in splits))


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
    probe: Probe,
    *,
    layers: Sequence[str] | None = None,
    seed: int = 0,
    precision: str = "f32",
    memory_limit: int = MEMORY_LIMIT,
) -> dict[str, ProbeAccuracy]:
    """Linear probing accuracy of each layer, by name in execution order (Fig. A.6); the residual
    blocks where `layers` is None.

    The paper says "the fully-connected classifier on top of each block" and no more. Here a probe
    sees the block's output averaged over time, since the network averages its logits over time and
    a linear map commutes with the mean, and pooled to `probe.pool` parts a side (`image_features`);
    it is fitted to the train images without augmentation, the network frozen in evaluation mode.
    Raises HarnessError where the matrices of a closed form have over `memory_limit` bytes.
    """
    layers = block_names(network) if layers is None else layers
    if not layers:
        raise HarnessError(
            "probe layers", "the network has no residual blocks", hint="name the layers"
        )
    pool = probe.pool or None
    reading = LayerFeatures(network, normalisation, layers, pool, precision, memory_limit)
    train = images.split("train")
    found = probe.fitted(reading, train, len(images.class_names), seed)
    on_train = _accuracies(reading, found, train)
    on_test = _accuracies(reading, found, images.split("test"))
    return {name: ProbeAccuracy(on_train[name], on_test[name]) for name in found}


def _accuracies(
    features: Features, found: Mapping[str, LinearMap], split: tuple[Tensor, Tensor]
) -> Mapping[str, float]:
    """Percent of images whose largest output is at the label, by layer."""
    counts: dict[str, Tensor] = {}  # on the device until all is counted
    for by_layer, labels_M in features.batches(*split):
        for name, feature_MD in by_layer.items():
            right = (found[name](feature_MD).argmax(1) == labels_M).sum()
            counts[name] = counts[name] + right if name in counts else right
    return {name: 100.0 * int(count) / len(split[1]) for name, count in counts.items()}
