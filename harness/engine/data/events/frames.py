"""Events counted into frames: T slices of a recording, ON and OFF apart, on a grid of S x S pixels.

No event is lost and none counts twice: the frames of a recording add up to its number of events.

Legend: N = events, T = frames, S = pixels per side of a frame.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.engine.data.events.event import Events, Sensor
from harness.errors import HarnessError

Frames = NDArray[np.float32]
Slices = NDArray[np.int64]
POLARITIES: Final = 2  # channel 0 is OFF, channel 1 is ON


def by_count(events: Events, frames: int, *, sensor: Sensor, side: int) -> Frames:
    """float32 [T, 2, S, S]: event i of N falls into frame ⌊i·T / N⌋.

    The frames differ by at most one event. Fewer events than frames leave frames empty, none
    leaves all empty. Raises HarnessError as `counted`.
    """
    return counted(events, slices_by_count(events, frames), frames, sensor, side)


def by_time(events: Events, frames: int, *, sensor: Sensor, side: int) -> Frames:
    """float32 [T, 2, S, S]: event at t falls into frame ⌊(t − t_0)·T / (t_last − t_0 + 1)⌋.

    The frames last equally long, and one in which nothing happened is empty. Raises HarnessError as
    `counted`.
    """
    return counted(events, slices_by_time(events, frames), frames, sensor, side)


def slices_by_count(events: Events, frames: int) -> Slices:
    """The frame of each event, int64 [N]."""
    _require(frames, "frames")
    return np.arange(len(events), dtype=np.int64) * frames // max(len(events), 1)


def slices_by_time(events: Events, frames: int) -> Slices:
    """The frame of each event, int64 [N]."""
    _require(frames, "frames")
    if not len(events):
        return np.zeros(0, np.int64)
    since = events["t"].astype(np.int64)
    since -= since.min()
    slices: Slices = since * frames // (since.max() + 1)
    return slices


SLICINGS: Final[Mapping[str, Callable[[Events, int], Slices]]] = MappingProxyType(
    {"count": slices_by_count, "time": slices_by_time}
)


def counted(events: Events, slices: Slices, frames: int, sensor: Sensor, side: int) -> Frames:
    """Events of each frame, polarity and pixel, float32 [T, 2, S, S].

    An event at column x lands in column ⌊x·S / width⌋, rows likewise, so each lands in exactly one
    pixel; a sensor that is not square is stretched. Raises HarnessError for events outside the
    sensor and for counts that float32 could not hold exactly.
    """
    _require(side, "side")
    x, y = events["x"].astype(np.int64), events["y"].astype(np.int64)
    if len(events) and (int(x.max()) >= sensor.width or int(y.max()) >= sensor.height):
        raise HarnessError(
            "event frames",
            f"events reach ({x.max()}, {y.max()}), outside the sensor of {sensor}",
        )
    cell: NDArray[Any] = slices * POLARITIES + events["p"]
    cell = (cell * side + y * side // sensor.height) * side + x * side // sensor.width
    counts = np.bincount(cell, minlength=frames * POLARITIES * side * side)
    if len(events) and counts.max() >= 1 << 24:
        raise HarnessError("event frames", f"{counts.max():,} events in one pixel of a frame")
    return counts.astype(np.float32).reshape(frames, POLARITIES, side, side)


def _require(number: int, name: str) -> None:
    if number < 1:
        raise HarnessError("event frames", f"{name} must be at least 1 (got {number})")
