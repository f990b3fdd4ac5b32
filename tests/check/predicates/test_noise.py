"""Chances of claims under noise: by hand, and those of the claims of Table 1."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from harness.check.claims import evaluate
from harness.check.predicates.noise import of_coins, of_orders
from harness.frames.frame import frame_of
from tests.synthetic import SyntheticStore, library, plan


def test_orders_and_coins_by_hand() -> None:
    assert of_orders(3, lambda order: order[0] < order[1] < order[2]) == pytest.approx(1 / 6)
    nine = of_orders(9, lambda order: order[0] < order[1])
    assert nine == pytest.approx(0.5, abs=4 * math.sqrt(0.25 / 5000))
    assert of_coins(4, 1.0) == 1 / 16
    assert of_coins(4, 0.75) == 5 / 16
    assert of_orders(4, lambda order: all(a < b for a, b in pairwise(order))) == pytest.approx(
        1 / 24
    )


def chances(exhibit: str) -> dict[str, float]:
    made = plan(exhibit)
    frame = frame_of(made.exhibits[0], SyntheticStore(made), {})
    claims = library().exhibits[exhibit].claim
    return {one.id: evaluate(one, frame, counted=True).noise for one in claims}


def test_both_claims_of_table_1_hold_under_noise_that_often() -> None:
    found = chances("table1")
    assert found["gap-falls-with-width"] == pytest.approx(0.48, abs=0.01)
    assert found["gap-not-monotone-with-depth"] == pytest.approx(1 - 1 / 120)
