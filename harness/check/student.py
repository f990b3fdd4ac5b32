"""Student's t distribution for whole degrees of freedom, by its finite sums.

Abramowitz & Stegun 1964, 26.7.3 and 26.7.4; seeds are counted, so no others are needed, and no
library of special functions either.
"""

from __future__ import annotations

import math
from functools import cache


def cdf(t: float, df: int) -> float:
    """P(T ≤ t) with `df` degrees of freedom, to about 1e-15; df ≥ 1."""
    if df < 1:
        raise ValueError(f"degrees of freedom must be at least 1 (got {df})")
    between = _between(abs(t), df)
    return 0.5 * (1 + math.copysign(between, t))


@cache
def quantile(p: float, df: int) -> float:
    """t with P(T ≤ t) = p, for 0.5 ≤ p < 1, by bisection."""
    if not 0.5 <= p < 1:
        raise ValueError(f"p must lie in 0.5 … 1 (got {p})")
    low, high = 0.0, 1.0
    while cdf(high, df) < p:
        low, high = high, 2 * high
    while high - low > 1e-13 * high:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if cdf(middle, df) < p else (low, middle)
    return high


def _between(t: float, df: int) -> float:
    """P(−t ≤ T ≤ t), t ≥ 0."""
    angle = math.atan2(t, math.sqrt(df))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = df % 2
    term = cosine if odd else 1.0
    total = term if df > 1 else 0.0
    for k in range(2 + odd, df - 1, 2):
        term *= (k - 1) / k * cosine * cosine
        total += term
    return 2 / math.pi * (angle + sine * total) if odd else sine * total
