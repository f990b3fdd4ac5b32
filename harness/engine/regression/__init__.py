"""Linear regression between the activations of two networks (lab section 4.1, Fig. 1)."""

from __future__ import annotations

from harness.engine.regression.fit import Regressed, regress
from harness.engine.regression.linear_map import Fitted, LinearMap
from harness.engine.regression.moments import Moments
from harness.engine.regression.pairs import (
    Pairs,
    Side,
    activation_pairs,
    feature_pairs,
    held_out,
)
from harness.engine.regression.ridge import (
    MEMORY_LIMIT,
    gram_bytes,
    normal_equation_bytes,
    ridge,
    ridge_of,
)
from harness.engine.regression.score import Residuals, Score
from harness.engine.regression.sgd import SgdRegression

__all__ = [
    "MEMORY_LIMIT",
    "Fitted",
    "LinearMap",
    "Moments",
    "Pairs",
    "Regressed",
    "Residuals",
    "Score",
    "SgdRegression",
    "Side",
    "activation_pairs",
    "feature_pairs",
    "gram_bytes",
    "held_out",
    "normal_equation_bytes",
    "regress",
    "ridge",
    "ridge_of",
]
