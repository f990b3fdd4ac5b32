"""Probes on many layers of a network at once, streaming over the images.

Legend: M = images, B = batch, C = channels, H, W = height and width, D = features, K = classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor

from harness.engine.arguments import checked, device_of, require_features
from harness.engine.data.labelled import LabelledSet
from harness.engine.features import each_layer, image_features
from harness.engine.networks import Network
from harness.engine.networks.block import PreActivationBlock
from harness.engine.probes.probe import (
    Method,
    ProbeAccuracy,
    ProbeSettings,
    SgdSchedule,
    Split,
    fit_and_count,
)
from harness.engine.regression.ridge import MEMORY_LIMIT
from harness.engine.training.normalisation import Normalisation
from harness.errors import HarnessError

_BATCH = 256  # images of a forward pass; that of `accuracy`


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
    layers = block_names(network) if layers is None else layers
    if not layers:
        raise HarnessError(
            "probe layers", "the network has no residual blocks", hint="name the layers"
        )

    def read(
        split: Split, *, order_M: Tensor | None = None, batch: int = _BATCH
    ) -> Iterator[tuple[Mapping[str, Tensor], Tensor]]:
        """The features of a layer are pooled as they come, so that no more than one batch of them
        is held.
        """
        images_MCHW, labels_M = split
        order_M = torch.arange(len(labels_M)) if order_M is None else order_M
        for chosen in torch.split(order_M.to(labels_M.device), batch):
            found: dict[str, Tensor] = {}

            def keep(name: str, feature: Tensor, found: dict[str, Tensor] = found) -> None:
                features = image_features(feature, pool=pool)
                found[name] = require_features(f"probe {name}", features)

            each_layer(network, layers, images_MCHW[chosen], normalisation, precision, keep)
            yield found, labels_M[chosen].to(device_of(network))

    how = ProbeSettings(method, alpha, schedule, seed, memory_limit)
    train, test = images.split("train"), images.split("test")
    return fit_and_count(read, train, test, len(images.class_names), how)
