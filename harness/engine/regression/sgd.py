"""Linear regression by minibatch SGD, the way the lab fitted it.

Legend: M = images of a batch, D = features that predict, K = features that are predicted.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from harness.engine.regression.linear_map import Fitted, LinearMap
from harness.engine.regression.moments import Moments
from harness.engine.regression.pairs import Pairs
from harness.parts.regressions import DescentFit


class SgdRegression:
    """A linear map from 0 that is handed batch after batch, any number of epochs of them.

    The loss is ½ of the mean over images of ‖y − W·x − b‖², so targets do not slow each other down
    as they would in their mean. Features and targets are taken about their means over the train
    images; then b follows from W.
    """

    def __init__(
        self,
        mean_x_D: Tensor,
        spread_x: float,
        mean_y_K: Tensor,
        *,
        descent: DescentFit,
        steps: int,
    ) -> None:
        self.descent = descent
        self.steps = steps
        self.done = 0
        self.mean_x_D = mean_x_D
        self.mean_y_K = mean_y_K
        self._lr = descent.relative_lr / spread_x if spread_x > 0 else 0.0
        shape = (len(mean_x_D), len(mean_y_K))
        self.weight_DK = torch.zeros(shape, device=mean_x_D.device)
        self._velocity_DK = torch.zeros_like(self.weight_DK)

    def update(self, x_MD: Tensor, y_MK: Tensor) -> float:
        """One step: the gradient of a batch is Xᵀ(X·W − Y)/M, X and Y about their means. Gives the
        sum of the batch's squared errors before it.
        """
        wide = self.weight_DK.dtype  # torch's default
        x = x_MD.to(wide) - self.mean_x_D.to(wide)
        y = y_MK.to(wide) - self.mean_y_K.to(wide)
        lr = self._lr * (1 + math.cos(math.pi * self.done / self.steps)) / 2
        residual_MK = x @ self.weight_DK - y
        gradient_DK = x.T @ residual_MK / len(x)
        self._velocity_DK.mul_(self.descent.momentum).add_(gradient_DK)
        self.weight_DK -= lr * self._velocity_DK
        self.done += 1
        return float(residual_MK.double().square().sum())

    def solve(self) -> LinearMap:
        """The map as it is now."""
        return LinearMap.through(self.weight_DK.double(), self.mean_x_D, self.mean_y_K)


def fitted(descent: DescentFit, train: Pairs, seed: int) -> Fitted:
    """The map after all epochs: it needs D·K numbers alone and stops short of the optimum."""
    sides: list[Moments] = []
    for pair in train.in_order():
        sides = sides or [Moments(0, one.shape[1], device=one.device) for one in pair]
        for moments, side in zip(sides, pair, strict=True):
            moments.update(side[:, :0], side)
    x, y = sides
    x.settle()
    steps = descent.epochs * -(-train.images // descent.batch)
    spread = float(x.spread_K.sum() / x.count)
    found = SgdRegression(x.mean_y_K, spread, y.mean_y_K, descent=descent, steps=steps)
    numbers = train.images * len(y.mean_y_K)
    losses = [
        sum(found.update(*batch) for batch in train.shuffled(seed, epoch, descent.batch)) / numbers
        for epoch in range(descent.epochs)
    ]
    return Fitted(found.solve(), "sgd", tuple(losses))
