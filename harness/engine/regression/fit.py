"""From pairs of features to a map and its scores (lab Fig. 1).

Legend: D = features that predict, K = features that are predicted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch

from harness.engine.arguments import checked
from harness.engine.regression.moments import LinearMap, Moments, Residuals, Score
from harness.engine.regression.pairs import Pairs
from harness.engine.regression.ridge import (
    MEMORY_LIMIT,
    Descent,
    SgdRegression,
    fit_in,
    gram_bytes,
    normal_equation_bytes,
    ridge,
    ridge_of,
)
from harness.errors import HarnessError

Method = Literal["ridge", "sgd"]
Solver = Literal["gram", "normal equations", "sgd"]


@dataclass(frozen=True, eq=False)
class Regression:
    """A fitted map and how well it does."""

    solver: Solver  # which way it was found
    train: Score
    test: Score
    map: LinearMap
    losses: tuple[float, ...] = ()  # of "sgd": MSE of the batches of each epoch, before their steps


@checked
def regress(
    train: Pairs,
    test: Pairs,
    *,
    method: Method = "ridge",
    alpha: float = 1.0,
    descent: Descent | None = None,
    seed: int = 0,
    memory_limit: int = MEMORY_LIMIT,
) -> Regression:
    """The linear map from x to y, fitted to `train`, scored on both.

    "ridge" is exact, in float64, on the smaller side. With fewer images than features that is the
    Gram matrix of the images, with the features of all of them held ("gram"), where both fit in
    `memory_limit` bytes (`gram_bytes`); else streamed normal equations ("normal equations",
    `normal_equation_bytes`), and HarnessError where those do not fit either. "sgd" needs D·K
    numbers alone and stops short of the optimum; its order is drawn from `seed`.
    """
    losses: tuple[float, ...] = ()
    if method == "sgd":
        solver: Solver = "sgd"
        found, losses = _by_sgd(train, descent or Descent(), seed)
    elif method == "ridge":
        solver, found = _by_ridge(train, alpha, memory_limit)
    else:
        raise HarnessError("regression method", f"'ridge' or 'sgd' (got {method!r})")
    return Regression(solver, _score(found, train), _score(found, test), found, losses)


def _by_ridge(train: Pairs, alpha: float, memory_limit: int) -> tuple[Solver, LinearMap]:
    first_x, first_y = next(iter(train.in_order()))
    features_x, features_y = first_x.shape[1], first_y.shape[1]
    held = gram_bytes(train.images, features_x, features_y)
    if train.images < features_x and held <= memory_limit:
        x, y = (torch.cat(side) for side in zip(*train.in_order(), strict=True))
        return "gram", ridge(x, y, alpha=alpha, memory_limit=memory_limit)
    fit_in(normal_equation_bytes(features_x, features_y), memory_limit)
    moments = Moments(features_x, features_y, device=first_x.device)
    for x, y in train.in_order():
        moments.update(x, y)
    return "normal equations", ridge_of(moments, alpha=alpha)


def _by_sgd(train: Pairs, descent: Descent, seed: int) -> tuple[LinearMap, tuple[float, ...]]:
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
    return found.solve(), tuple(losses)


def _score(found: LinearMap, pairs: Pairs) -> Score:
    residuals = Residuals(len(found.bias_K), device=found.bias_K.device)
    for x, y in pairs.in_order():
        residuals.update(found(x), y)
    return residuals.score()
