"""Linear regression between the activations of two networks (lab section 4.1, Fig. 1)."""

from harness.engine.regression.fit import Regressed, regress
from harness.engine.regression.moments import Fitted, LinearMap, Moments, Residuals, Score
from harness.engine.regression.pairs import (
    Pairs,
    Side,
    activation_pairs,
    feature_pairs,
    held_out,
)
from harness.engine.regression.ridge import (
    MEMORY_LIMIT,
    SgdRegression,
    gram_bytes,
    normal_equation_bytes,
    ridge,
    ridge_of,
)

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
