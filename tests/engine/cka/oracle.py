"""CKA as the formulas are printed: float64, explicit loops, nothing shared with the engine."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

Matrix = NDArray[np.float64]


def gram(features: Tensor) -> Matrix:
    """X·Xᵀ, entry by entry."""
    rows = features.double().flatten(1).numpy()
    return np.array([[math.fsum(x * y) for y in rows] for x in rows])


def unbiased_hsic(k: Matrix, l: Matrix) -> float:  # noqa: E741
    """Song et al. 2012, eq. 5, with its three terms."""
    n = len(k)
    off = [(i, j) for i in range(n) for j in range(n) if i != j]
    trace = math.fsum(k[i, j] * l[j, i] for i, j in off)
    sums = math.fsum(k[i, j] for i, j in off) * math.fsum(l[i, j] for i, j in off)
    row_k = [math.fsum(k[i, j] for j in range(n) if j != i) for i in range(n)]
    row_l = [math.fsum(l[i, j] for j in range(n) if j != i) for i in range(n)]
    middle = math.fsum(a * b for a, b in zip(row_k, row_l, strict=True))
    return (trace + sums / ((n - 1) * (n - 2)) - 2 * middle / (n - 2)) / (n * (n - 3))


def biased_hsic(k: Matrix, l: Matrix) -> float:  # noqa: E741
    """tr(K·H·L·H) / (n − 1)²."""
    n = len(k)
    h = np.eye(n) - 1 / n
    return float(np.trace(k @ h @ l @ h)) / (n - 1) ** 2


HSIC = {"unbiased": unbiased_hsic, "biased": biased_hsic}


def cka(
    a: Sequence[Sequence[Tensor]], b: Sequence[Sequence[Tensor]], estimator: str = "unbiased"
) -> Matrix:
    """[L_a, L_b] from features [minibatch][layer]; the division comes last."""
    hsic = HSIC[estimator]
    grams_a = [[gram(feature) for feature in layers] for layers in a]
    grams_b = [[gram(feature) for feature in layers] for layers in b]
    batches = range(len(a))
    values = np.zeros((len(a[0]), len(b[0])))
    for i in range(len(a[0])):
        for j in range(len(b[0])):
            cross = sum(hsic(grams_a[m][i], grams_b[m][j]) for m in batches)
            self_a = sum(hsic(grams_a[m][i], grams_a[m][i]) for m in batches)
            self_b = sum(hsic(grams_b[m][j], grams_b[m][j]) for m in batches)
            values[i, j] = cross / math.sqrt(self_a * self_b)
    return values
