"""Splits by class: sizes, choice, and independence of the other classes."""

from __future__ import annotations

import numpy as np
import pytest

from harness.engine.data.listing import held_out
from harness.errors import HarnessError

LABELS = [0] * 10 + [1] * 20 + [2] * 3


def test_the_last_of_each_class_are_for_testing() -> None:
    found = np.flatnonzero(held_out(LABELS, share=0.1, how="last"))
    assert found.tolist() == [9, 28, 29, 32]


def test_a_random_split_has_the_same_sizes_and_depends_on_the_seed_alone() -> None:
    one, again, other = (held_out(LABELS, share=0.3, how="random", seed=s) for s in (1, 1, 2))
    assert np.bincount(LABELS, weights=one).tolist() == [3, 6, 1]
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_a_class_is_split_alike_whatever_the_others_are() -> None:
    alone = held_out([0] * 10, share=0.3, how="random", seed=1)
    assert np.array_equal(held_out(LABELS, share=0.3, how="random", seed=1)[:10], alone)


@pytest.mark.parametrize(
    ("labels", "share", "how", "problem"),
    [
        ([0, 0], 0.0, "last", "between 0 and 1"),
        ([0, 0], 1.0, "last", "between 0 and 1"),
        ([0, 0], float("nan"), "last", "between 0 and 1"),
        ([0, 0, 1], 0.5, "last", "class 1 has a single item"),
        ([0, 0], 0.5, "first", "'last' or 'random'"),
    ],
)
def test_what_cannot_be_split_is_refused(
    labels: list[int], share: float, how: str, problem: str
) -> None:
    with pytest.raises(HarnessError, match=problem):
        held_out(labels, share=share, how=how)  # type: ignore[arg-type]
