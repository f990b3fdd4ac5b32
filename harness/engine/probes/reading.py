"""The features of several layers of a network, batch after batch.

Legend: M = images, B = batch, C = channels, H, W = height and width, D = features.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from harness.engine.arguments import device_of, require_features
from harness.engine.features import image_features
from harness.engine.networks import Network, hooked
from harness.engine.networks.mode import in_mode
from harness.engine.training.normalisation import Normalisation
from harness.engine.training.numerics import autocast

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
