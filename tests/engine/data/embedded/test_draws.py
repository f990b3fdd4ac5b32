"""Stable random integers."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from harness.engine.data.embedded.scans import draws, draws_between


def test_a_draw_is_the_share_of_32_bits_of_shake_256() -> None:
    stream = hashlib.shake_256(b"any purpose").digest(12)
    expected = [int.from_bytes(stream[4 * i : 4 * i + 4], "little") * 10 // 2**32 for i in range(3)]
    assert draws("any purpose", 3, below=10).tolist() == expected


def test_the_numbers_are_pinned() -> None:
    assert draws("digits", 8, below=100).tolist() == [48, 79, 89, 73, 60, 32, 68, 36]


def test_a_longer_list_begins_with_the_shorter_one() -> None:
    assert draws("a", 1000, below=7)[:10].tolist() == draws("a", 10, below=7).tolist()


def test_purposes_are_independent_and_values_even() -> None:
    one, other = draws("one", 20_000, below=4), draws("other", 20_000, below=4)
    pairs = np.bincount(one * 4 + other, minlength=16)
    assert np.abs(pairs - 1250).max() < 5 * 1250**0.5


def test_between_includes_both_ends() -> None:
    assert set(draws_between("ends", 200, -2, 1).tolist()) == {-2, -1, 0, 1}
    assert draws_between("one value", 3, 5, 5).tolist() == [5, 5, 5]


@pytest.mark.parametrize("below", [0, -1, 2**31])
def test_an_impossible_bound_is_an_error(below: int) -> None:
    with pytest.raises(ValueError, match="below must lie in"):
        draws("x", 1, below=below)
