"""Pairs of features of the same images, that may be gone through as often as a fit needs, and
how well a linear map between them does (lab Fig. 1).

Legend: M = images of a batch, D = features that predict, K = features that are predicted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from harness.engine.arguments import checked
from harness.engine.features import Time, each_layer, image_features
from harness.engine.networks import Network
from harness.engine.randomness import stream
from harness.engine.regression.moments import Fitted, LinearMap, Residuals, Score
from harness.engine.training.normalisation import Normalisation
from harness.errors import HarnessError
from harness.parts.regressions import Regression

Batches = Iterator[tuple[Tensor, Tensor]]
_BATCH = 256


@dataclass(frozen=True, eq=False)
class Pairs:
    """x [M, D] and y [M, K] in batches; `batches` is handed the order of the images and the batch
    size.
    """

    images: int
    batches: Callable[[Tensor, int], Batches]

    def in_order(self) -> Batches:
        """Every image once."""
        return self._looked_at(torch.arange(self.images), _BATCH)

    def shuffled(self, seed: int, epoch: int, batch: int) -> Batches:
        """Every image once, in an order of stream(seed, "regression", epoch)."""
        order = torch.randperm(self.images, generator=stream(seed, "regression", epoch))
        return self._looked_at(order, batch)

    def _looked_at(self, order: Tensor, batch: int) -> Batches:
        for x, y in self.batches(order, batch):
            yield _pair(x, y)

    def reversed(self) -> Pairs:
        """x and y in each other's place."""
        return Pairs(
            self.images, lambda order, batch: ((y, x) for x, y in self.batches(order, batch))
        )


class Side(NamedTuple):
    """One of the two networks, and what is taken of it."""

    network: Network
    layer: str
    normalisation: Normalisation


@checked
def _pair(x_MD: Tensor, y_MK: Tensor) -> tuple[Tensor, Tensor]:
    return x_MD, y_MK


@checked
def feature_pairs(x_MD: Tensor, y_MK: Tensor) -> Pairs:
    """Pairs of features that are at hand."""

    def batches(order_M: Tensor, batch: int) -> Batches:
        for chosen in torch.split(order_M.to(x_MD.device), batch):
            yield x_MD[chosen], y_MK[chosen]

    return Pairs(len(x_MD), batches)


@checked
def activation_pairs(
    side_x: Side,
    side_y: Side,
    images_MCHW: Tensor,
    *,
    pool: int | None = None,
    time: Time = "mean",
    precision: str = "f32",
) -> Pairs:
    """A layer's activations in one network beside those in another, of uint8 images, computed anew
    each time they are gone through, in evaluation mode.

    `pool` and `time` are those of `image_features`: by default every pixel, averaged over time.
    """

    def batches(order_M: Tensor, batch: int) -> Batches:
        for chosen in torch.split(order_M.to(images_MCHW.device), batch):
            x, y = (
                _activations(side, images_MCHW[chosen], pool, time, precision)
                for side in (side_x, side_y)
            )
            yield x, y

    return Pairs(len(images_MCHW), batches)


def held_out(images: int, share: float, seed: int) -> tuple[Tensor, Tensor]:
    """Places of the images to fit to and of those to score on, each sorted, drawn from
    stream(seed, "held out").
    """
    count = round(share * images)
    if not 0 < count < images:
        said = f"a share of {share} of {images} images leaves nothing on one side"
        raise HarnessError("regression held out", said)
    order = torch.randperm(images, generator=stream(seed, "held out"))
    return order[count:].sort().values, order[:count].sort().values


def _activations(
    side: Side, images_BCHW: Tensor, pool: int | None, time: Time, precision: str
) -> Tensor:
    found: list[Tensor] = []

    def keep(_: str, feature: Tensor) -> None:
        found.append(image_features(feature, pool=pool, time=time))

    each_layer(side.network, [side.layer], images_BCHW, side.normalisation, precision, keep)
    return found[0]


@dataclass(frozen=True, eq=False)
class Regressed:
    """A fitted map and how well it does."""

    fitted: Fitted
    train: Score
    test: Score


@checked
def regress(train: Pairs, test: Pairs, regression: Regression, *, seed: int = 0) -> Regressed:
    """The linear map from x to y, fitted to `train`, scored on both; `regression` is one of
    `harness.parts.regressions`, as `RidgeFit(alpha=1.0)`.
    """
    found = regression.fitted(train, seed)
    return Regressed(found, _score(found.map, train), _score(found.map, test))


def _score(found: LinearMap, pairs: Pairs) -> Score:
    residuals = Residuals(len(found.bias_K), device=found.bias_K.device)
    for x, y in pairs.in_order():
        residuals.update(found(x), y)
    return residuals.score()
