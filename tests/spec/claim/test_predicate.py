"""A share of places is decided only where those without a number could not change it."""

from __future__ import annotations

import math

import pytest

from harness.spec.claim.predicate import Place, tally


@pytest.mark.parametrize(
    ("true", "false", "unknown", "share", "answer"),
    [
        (3, 0, 0, 1.0, True),
        (2, 1, 0, 1.0, False),
        (2, 0, 1, 1.0, None),
        (2, 1, 1, 1.0, False),
        (2, 1, 1, 0.5, True),
        (1, 1, 2, 0.5, None),
        (0, 3, 1, 0.5, False),
        (0, 0, 2, 0.5, None),
        (0, 0, 0, 1.0, None),
        (0, 5, 0, 1e-12, False),  # a share so small asks for one place all the same
        (0, 4, 1, 1e-12, None),
        (1, 4, 0, 1e-12, True),
        (7, 3, 0, 0.7, True),  # 0.7 × 10 is 7.000000000000001 in some orders of rounding
    ],
)
def test_decided(true: int, false: int, unknown: int, share: float, answer: bool | None) -> None:
    values = [1.0] * true + [0.0] * false
    found = [Place((n,), value) for n, value in enumerate(values)]
    found += [Place((n,), math.nan, why="no run") for n in range(unknown)]
    assert tally(found, bool, share).holds is answer
