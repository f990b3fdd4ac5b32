"""Time over the end of a clock."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.engine.data.events.recording import too_late, unwrapped


@pytest.mark.parametrize(
    ("ticks", "expected"),
    [
        ([], []),
        ([6], [6]),
        ([0, 3, 3, 7], [0, 3, 3, 7]),
        ([6, 1], [6, 9]),  # over the end of 3 bits
        ([6, 1, 7, 2], [6, 9, 7, 10]),  # and an event from before it
        ([7, 2, 5, 0, 3], [7, 10, 13, 16, 19]),  # twice
        ([0, 5], [0, 5]),  # what never falls is taken as it is
        ([0, 5, 4], [0, -3, -4]),  # otherwise half a round cannot be told from a step back
    ],
)
def test_steps_go_the_shorter_way_round(ticks: list[int], expected: list[int]) -> None:
    assert unwrapped(np.array(ticks, np.int64), 3).tolist() == expected


@given(st.lists(st.integers(0, 3), max_size=40), st.integers(0, 7))
def test_any_times_without_a_long_silence_survive_a_small_clock(steps: list[int], t0: int) -> None:
    times = t0 + np.cumsum([0, *steps], dtype=np.int64)
    assert unwrapped(times % 8, 3).tolist() == times.tolist()


def test_an_event_is_late_after_any_earlier_one() -> None:
    assert too_late(np.array([1, 5, 4, 4, 5, 2, 6])).tolist() == [0, 0, 1, 1, 0, 1, 0]
    assert too_late(np.array([], np.int64)).tolist() == []
