"""Centred kernel alignment between layers (paper Fig. 2 to 8, A.1 to A.12, C.1, C.2)."""

from harness.engine.cka.hsic import Estimator
from harness.engine.cka.null import CkaNull, cka_nulls
from harness.engine.cka.result import CkaCurve, CkaMap
from harness.engine.cka.similarity import SIMILARITIES, similarities
from harness.engine.cka.sums import MEMORY_LIMIT, MinibatchCKA, cka
from harness.engine.cka.sweep import (
    Batches,
    Pairs,
    cka_heatmap,
    clean_against_attacked,
    gram_matrices,
    time_cka,
)

__all__ = [
    "MEMORY_LIMIT",
    "SIMILARITIES",
    "Batches",
    "CkaCurve",
    "CkaMap",
    "CkaNull",
    "Estimator",
    "MinibatchCKA",
    "Pairs",
    "cka",
    "cka_heatmap",
    "cka_nulls",
    "clean_against_attacked",
    "gram_matrices",
    "similarities",
    "time_cka",
]
