"""Features to which probes are fitted, batch after batch: those of the layers of a network as it
sees the images, or of a tensor that is at hand.

Legend: M = images, B = batch, C = channels, H, W = height and width, D = features.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from harness.engine.arguments import device_of, require_features
from harness.engine.features import each_layer, image_features
from harness.engine.networks import Network
from harness.engine.regression.ridge import MEMORY_LIMIT
from harness.engine.training.normalisation import Normalisation

_BATCH = 256  # images of a forward pass; that of `accuracy`

Batches = Iterator[tuple[Mapping[str, Tensor], Tensor]]


@dataclass(eq=False)
class LayerFeatures:
    """Which layers of which network are read, and how; `memory_limit` bounds the matrices of a fit,
    bytes.
    """

    network: Network
    normalisation: Normalisation
    layers: Sequence[str]
    pool: int | None
    precision: str
    memory_limit: int

    def batches(
        self,
        images: Tensor,
        labels_M: Tensor,
        *,
        order_M: Tensor | None = None,
        batch: int = _BATCH,
    ) -> Batches:
        """(features [B, D] by layer, labels [B]) of uint8 images [M, C, H, W], in their order or in
        `order_M`.

        In evaluation mode; the network's modes are restored after each batch, and the features of a
        layer are pooled as they come, so that no more than one batch of them is held.
        """
        device = device_of(self.network)
        how = (self.normalisation, self.precision)
        order_M = torch.arange(len(labels_M)) if order_M is None else order_M
        for chosen in torch.split(order_M.to(labels_M.device), batch):
            found: dict[str, Tensor] = {}

            def keep(name: str, feature: Tensor, found: dict[str, Tensor] = found) -> None:
                found[name] = image_features(feature, pool=self.pool)

            each_layer(self.network, self.layers, images[chosen], *how, keep)
            if not torch.stack([one.isfinite().all() for one in found.values()]).all():
                for name, feature in found.items():  # which one, now that a wait does not matter
                    require_features(f"probe {name}", feature)
            yield found, labels_M[chosen].to(device)


@dataclass(eq=False)
class AtHand:
    """Features that are images themselves, under one name."""

    name: str = "features"
    memory_limit: int = MEMORY_LIMIT

    def batches(
        self,
        images: Tensor,
        labels_M: Tensor,
        *,
        order_M: Tensor | None = None,
        batch: int | None = None,
    ) -> Batches:
        """Of features [M, D]; all at once, where nothing else is asked for."""
        if order_M is None:
            yield {self.name: images}, labels_M
            return
        for chosen in torch.split(order_M.to(labels_M.device), batch or len(labels_M)):
            yield {self.name: images[chosen]}, labels_M[chosen]


Features = LayerFeatures | AtHand
