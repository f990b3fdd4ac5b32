"""Linear regression between the activations of two networks (lab section 4.1, Fig. 1)."""

from harness.engine.regression.moments import Fitted, LinearMap, Score
from harness.engine.regression.pairs import (
    Pairs,
    Regressed,
    Side,
    activation_pairs,
    feature_pairs,
    held_out,
    regress,
)
from harness.engine.regression.ridge import ridge

__all__ = [
    "Fitted",
    "LinearMap",
    "Pairs",
    "Regressed",
    "Score",
    "Side",
    "activation_pairs",
    "feature_pairs",
    "held_out",
    "regress",
    "ridge",
]
