"""Frames lose no event: sums, slices and pixels against a loop over events."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.engine.data.events.cache import packed
from harness.engine.data.events.frames import by_count, by_time, count
from harness.engine.data.events.recording import Events, Sensor, as_events
from harness.errors import HarnessError
from tests.engine.data.events.made import Rows, events_of, recorded

Build = Callable[..., np.ndarray]
BOTH = pytest.mark.parametrize("build", [by_count, by_time])


def slow(rows: Rows, build: Build, frames: int, sensor: Sensor, side: int) -> np.ndarray:
    """The definition, event by event."""
    result = np.zeros((frames, 2, side, side))
    for i, (x, y, t, p) in enumerate(rows):
        if build is by_count:
            at = i * frames // len(rows)
        else:
            at = (t - rows[0][2]) * frames // (rows[-1][2] - rows[0][2] + 1)
        result[at, p, y * side // sensor.height, x * side // sensor.width] += 1
    return result


@BOTH
@settings(deadline=None)
@given(
    rows=recorded(24, 18, 16), frames=st.integers(1, 12), side=st.sampled_from([1, 4, 8, 12, 32])
)
def test_every_event_is_in_one_place(build: Build, rows: Rows, frames: int, side: int) -> None:
    sensor = Sensor(24, 18)
    found = build(events_of(rows), frames, sensor=sensor, side=side)
    assert found.dtype == np.float32
    assert found.sum() == len(rows)
    assert np.array_equal(found, slow(rows, build, frames, sensor, side))


@BOTH
def test_frames_add_up_to_the_integrated_frame(build: Build) -> None:
    events = events_of([(n % 7, n % 5, n * n, n % 2) for n in range(100)])
    ten = build(events, 10, sensor=Sensor(8, 8), side=4)
    one = build(events, 1, sensor=Sensor(8, 8), side=4)
    assert np.array_equal(ten.sum(0, keepdims=True), one)


def test_by_count_the_frames_differ_by_at_most_one_event() -> None:
    events = events_of([(0, 0, 0, 0)] * 10_007)
    sizes = by_count(events, 10, sensor=Sensor(1, 1), side=1).sum((1, 2, 3))
    assert sizes.sum() == 10_007
    assert set(sizes) == {1000.0, 1001.0}


def test_by_time_a_silent_stretch_is_an_empty_frame() -> None:
    events = events_of([(0, 0, 100, 1), (0, 0, 101, 1), (0, 0, 399, 0)])
    found = by_time(events, 3, sensor=Sensor(1, 1), side=1)
    assert found[:, :, 0, 0].tolist() == [[0, 2], [0, 0], [1, 0]]


@BOTH
def test_no_events_are_empty_frames(build: Build) -> None:
    assert (
        build(events_of([]), 3, sensor=Sensor(4, 4), side=4).tolist()
        == np.zeros((3, 2, 4, 4)).tolist()
    )


@BOTH
@pytest.mark.parametrize(
    ("events", "frames", "side", "problem"),
    [
        (events_of([(4, 0, 0, 0)]), 1, 4, r"events reach \(4, 0\), outside the sensor of 4x4"),
        (events_of([(0, 4, 0, 0)]), 1, 4, "outside the sensor"),
        (events_of([(0, 0, 0, 0)]), 0, 4, "frames must be at least 1"),
        (events_of([(0, 0, 0, 0)]), 1, 0, "side must be at least 1"),
    ],
)
def test_what_makes_no_frame_is_refused(
    build: Build, events: Events, frames: int, side: int, problem: str
) -> None:
    with pytest.raises(HarnessError, match=problem):
        build(events, frames, sensor=Sensor(4, 4), side=side)


def test_events_out_of_order_have_no_equal_times() -> None:
    with pytest.raises(HarnessError, match="out of order"):
        by_time(events_of([(0, 0, 5, 0), (0, 0, 4, 0)]), 2, sensor=Sensor(4, 4), side=4)


@BOTH
def test_columns_of_the_cache_give_the_frames_of_the_events(build: Build) -> None:
    events = events_of([(n % 24, n * 5 % 18, n * n, n % 3 // 2) for n in range(5000)])
    kept = packed("one", events)
    assert kept.x.dtype == np.uint8
    for frames, side in ((1, 8), (10, 48)):
        how = {"sensor": Sensor(24, 18), "side": side}
        assert np.array_equal(build(kept, frames, **how), build(events, frames, **how))


def test_the_last_frames_of_a_full_clock_are_found() -> None:
    """A frame that would begin after the largest time of four bytes begins at the end."""
    ends = events_of([(0, 0, 0, 0), (1, 0, 2**32 - 1, 1)])
    found = by_time(packed("one", ends), 7, sensor=Sensor(2, 1), side=4)
    assert found.sum((1, 2, 3)).tolist() == [1, 0, 0, 0, 0, 0, 1]
    once = by_time(packed("one", events_of([(0, 0, 0, 0)])), 3, sensor=Sensor(2, 1), side=4)
    assert once.sum((1, 2, 3)).tolist() == [1, 0, 0]


@pytest.mark.parametrize("length", [1, 2, 34, 127, 128, 180, 240, 304, 1280])
def test_each_column_lands_where_the_quotient_says(length: int) -> None:
    """Every column of a camera, into frames smaller and larger than it."""
    every = np.arange(length)
    events = as_events(every, every, every, every % 2)
    for side in (1, 3, 8, 48, 128, 256):
        found = by_count(events, 1, sensor=Sensor(length, length), side=side)
        expected = np.zeros((2, side, side))
        for x in range(length):
            expected[x % 2, x * side // length, x * side // length] += 1
        assert np.array_equal(found[0], expected)


def test_more_pixels_than_can_be_scaled_are_refused() -> None:
    one = events_of([(0, 0, 0, 0)])
    with pytest.raises(HarnessError, match="40000 pixels into 8 are beyond 32 bits"):
        by_count(one, 1, sensor=Sensor(40_000, 40_000), side=8)


def test_another_polarity_is_refused_before_it_is_counted() -> None:
    one = events_of([(0, 0, 0, 1)])
    one.p[:] = 2
    with pytest.raises(HarnessError, match="polarity must be 0"):
        by_count(one, 1, sensor=Sensor(4, 4), side=4)


@pytest.mark.parametrize(("dtype", "most"), [(np.int16, 2**15 - 1), (np.float32, 2**24)])
def test_a_pixel_that_cannot_count_so_far_is_an_error(dtype: type, most: int) -> None:
    for number in (most, most + 1, 2 * most + 2):
        zeros = np.zeros(number, np.uint8)
        events, counts = Events(zeros, zeros, zeros, zeros), np.zeros((1, 2, 1, 1), dtype)
        if number == most:
            count(events, np.array([0, number]), Sensor(1, 1), counts)
            assert counts.ravel().tolist() == [most, 0]
        else:
            with pytest.raises(HarnessError, match="more events in one pixel"):
                count(events, np.array([0, number]), Sensor(1, 1), counts)


def test_numbers_that_no_event_has_are_outside_whatever_they_would_be_in_two_bytes() -> None:
    good = np.zeros(5, np.int64)
    for bad in (-1, -65_535, 65_536, 4):
        wrong = np.array([0, 0, bad, 0, 0])
        for columns in ((wrong, good), (good, wrong)):
            events = Events(*columns, good, good)
            with pytest.raises(HarnessError, match="outside the sensor of 4x4"):
                by_count(events, 1, sensor=Sensor(4, 4), side=4)
