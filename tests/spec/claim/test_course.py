"""Spearman's ρ by hand, against the ranks of pandas, where it is not defined; and noise."""

from __future__ import annotations

import math
from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.check.claims import evaluate
from harness.frames.frame import frame_of
from harness.spec.claim.compare import of_coins
from harness.spec.claim.course import of_orders, ranks, spearman
from tests.synthetic import SyntheticStore, library, plan


def test_ties_share_the_mean_of_their_ranks() -> None:
    assert ranks([3.0, 1.0, 3.0, 2.0]) == [3.5, 1.0, 3.5, 2.0]


def test_by_hand() -> None:
    # d² of (1,2,3,4,5) and ranks (5,4,3,1,2): 16+4+0+9+9 = 38; 1 − 6·38/120 = −0.9
    assert spearman(range(5), [9.0, 7.0, 5.0, 1.0, 2.0]) == pytest.approx(-0.9)


def test_a_constant_side_has_no_correlation() -> None:
    assert spearman([1, 2, 3], [4.0, 4.0, 4.0]) is None
    assert spearman([1], [4.0]) is None


def test_sides_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="3 values against 2"):
        spearman([1, 2, 3], [1, 2])


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=12))
def test_agrees_with_pearson_of_the_ranks_of_pandas(pairs: list[tuple[int, int]]) -> None:
    first, second = zip(*pairs, strict=True)
    found = spearman(first, second)
    if found is None:
        assert len(set(first)) == 1 or len(set(second)) == 1
    else:
        peer = pd.Series(first).rank().corr(pd.Series(second).rank())
        assert found == pytest.approx(peer)


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
