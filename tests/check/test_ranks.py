"""Spearman's ρ by hand, against the ranks of pandas, and where it is not defined."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.check.ranks import ranks, spearman


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
