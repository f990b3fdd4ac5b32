"""What layers give for stored images, and a layer's output as features of its images, for what is
linear in them.

Legend: T = time steps, M = images, C = channels, H, W = height and width, P = side of the pooled
grid, D = features of an image.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from harness.engine.arguments import device_of
from harness.engine.networks import Network, hooked
from harness.engine.networks.hooks import OnLayer, in_mode
from harness.engine.training.normalisation import Normalisation
from harness.engine.training.numerics import autocast
from harness.errors import HarnessError

Time = Literal["mean", "concatenate"]


@torch.no_grad()
def each_layer(
    network: Network,
    layers: Sequence[str],
    images_BCHW: Tensor,
    normalisation: Normalisation,
    precision: str,
    callback: OnLayer,
) -> None:
    """One forward pass of uint8 images, on whatever device, in evaluation mode; `callback` gets
    each layer's name and output (`hooked`). The network's modes are put back.
    """
    device = device_of(network)
    with (
        in_mode(network, "eval"),
        hooked(network, layers, callback),
        autocast(precision, device),
    ):
        network(normalisation(images_BCHW.to(device)))


def image_features(feature_TM: Tensor, *, pool: int | None = 1, time: Time = "mean") -> Tensor:
    """A layer's output [T, M, C, H, W] (or [T, M, C]), as a hook hands it out, as [M, D].

    `time`: the mean over the steps, D = C·P·P, or all of them side by side, D = T·C·P·P. `pool`:
    the mean over a grid of P parts a side, 1 being the global average pool that stands before the
    classifiers of the paper's networks; None keeps every pixel, and so does a grid that is finer
    than the layer.
    """
    if pool is not None and pool < 1:
        raise HarnessError("features pool", f"must be at least 1 part a side (got {pool})")
    if time not in ("mean", "concatenate"):
        raise HarnessError("features time", f"'mean' or 'concatenate' (got {time!r})")
    if time == "mean" and len(feature_TM) > 1:
        feature_TM = feature_TM.mean(0, keepdim=True)
    steps, images = feature_TM.shape[:2]
    if feature_TM.ndim == 5 and pool is not None:
        height, width = feature_TM.shape[-2:]
        parts = (min(pool, height), min(pool, width))
        pooled = functional.adaptive_avg_pool2d(feature_TM.flatten(0, 1), parts)
        feature_TM = pooled.view(steps, images, *pooled.shape[1:])
    return feature_TM.transpose(0, 1).flatten(1)
