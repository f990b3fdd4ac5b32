"""Columns as events."""

from __future__ import annotations

import numpy as np
import pytest

from harness.engine.data.events.recording import Sensor, as_events
from harness.errors import HarnessError


def test_columns_are_asked_for_by_name() -> None:
    events = as_events([1, 2], [3, 4], [2**40, 2**40 + 1], [0, 1])
    assert len(events) == 2
    assert [column.dtype for column in (events.x, events.y, events.t, events.p)] == [
        "<u2",
        "<u2",
        "<i8",
        "u1",
    ]
    assert events["x"] is events.x
    assert (events["y"][1], events["t"][1], events["p"][1]) == (4, 2**40 + 1, 1)


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        (([1], [1, 2], [1], [1]), "four columns of one length"),
        (([-1], [0], [0], [0]), "x holds what is no uint16"),
        (([0], [70_000], [0], [0]), "y holds what is no uint16"),
        (([0], [0], [0.5], [0]), "t holds what is no int64"),
        (([0], [0], [0], [2]), "polarity must be 0"),
    ],
)
def test_numbers_that_no_event_has_are_refused(
    columns: tuple[list[int], ...], problem: str
) -> None:
    with pytest.raises(HarnessError, match=problem):
        as_events(*(np.array(column) for column in columns))


def test_a_sensor_has_pixels() -> None:
    with pytest.raises(HarnessError, match="needs a pixel"):
        Sensor(0, 5)
