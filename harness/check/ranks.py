"""Spearman's rank correlation (Spearman 1904): Pearson's of the ranks, ties averaged."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence


def ranks(values: Sequence[float]) -> list[float]:
    """Ranks from 1; equal values share the mean of theirs."""
    order = sorted(range(len(values)), key=values.__getitem__)
    found = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for place in order[start : end + 1]:
            found[place] = (start + end) / 2 + 1
        start = end + 1
    return found


def spearman(first: Iterable[float], second: Iterable[float]) -> float | None:
    """ρ in −1…1; None where one side is constant, or has fewer than two values: 0/0."""
    a, b = ranks(list(first)), ranks(list(second))
    if len(a) != len(b):
        raise ValueError(f"{len(a)} values against {len(b)}")
    mean = (len(a) + 1) / 2  # of ranks, ties or not
    across = sum((x - mean) * (y - mean) for x, y in zip(a, b, strict=True))
    spread = sum((x - mean) ** 2 for x in a) * sum((y - mean) ** 2 for y in b)
    return across / math.sqrt(spread) if spread > 0 else None
