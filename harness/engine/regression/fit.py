"""Linear regression between two sets of features, and its scores (lab Fig. 1)."""

from __future__ import annotations

from dataclasses import dataclass

from harness.engine.arguments import checked
from harness.engine.regression.moments import Fitted, LinearMap, Residuals, Score
from harness.engine.regression.pairs import Pairs
from harness.parts.regressions import Regression


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
