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

from harness.engine.data.events.recording import Column, Events, Sensor
from harness.errors import HarnessError

Frames = NDArray[np.float32]
Starts = NDArray[np.int64]
POLARITIES: Final = 2  # channel 0 is OFF, channel 1 is ON
_HOLDS: Final = {np.dtype(np.int16): (1 << 15) - 1, np.dtype(np.float32): 1 << 24}
_BEYOND: Final = (1 << 16) - 1  # of two bytes; `_scale` refuses sensors that are so large


def by_count(events: Events, frames: int, *, sensor: Sensor, side: int) -> Frames:
    """float32 [T, 2, S, S]: event i of N falls into frame ⌊i·T / N⌋.

    The frames differ by at most one event. Fewer events than frames leave frames empty, none
    leaves all empty. Raises HarnessError as `count`.
    """
    return _frames(events, starts_by_count(events, frames), sensor, side)


def by_time(events: Events, frames: int, *, sensor: Sensor, side: int) -> Frames:
    """float32 [T, 2, S, S]: event at t falls into frame ⌊(t − t_0)·T / (t_last − t_0 + 1)⌋.

    The frames last equally long, and one in which nothing happened is empty. Raises HarnessError as
    `count`, and for events that are not in order of time.
    """
    if (events.t[1:] < events.t[:-1]).any():
        raise HarnessError("event frames", "events out of order", hint="sort them by t")
    return _frames(events, starts_by_time(events, frames), sensor, side)


def starts_by_count(events: Events, frames: int) -> Starts:
    """The first event of each frame, and N: int64 [T + 1]. ⌊i·T / N⌋ ≥ k from i = ⌈k·N / T⌉ on."""
    _require(frames, "frames")
    return -(-np.arange(frames + 1, dtype=np.int64) * len(events) // frames)


def starts_by_time(events: Events, frames: int) -> Starts:
    """The first event of each frame, and N: int64 [T + 1]. Events must be in order of time."""
    _require(frames, "frames")
    starts = np.full(frames + 1, len(events), np.int64)
    if len(events):
        first, last = int(events.t[0]), int(events.t[-1])
        begin = first - (-np.arange(frames + 1, dtype=np.int64) * (last - first + 1) // frames)
        inside = begin <= last  # a frame may begin after the last event, and after the clock's end
        starts[inside] = np.searchsorted(events.t, begin[inside].astype(events.t.dtype))
    return starts


SLICINGS: Final[Mapping[str, Callable[[Events, int], Starts]]] = MappingProxyType(
    {"count": starts_by_count, "time": starts_by_time}
)


def count(events: Events, starts: Starts, sensor: Sensor, counts: NDArray[Any]) -> None:
    """Add the events of each frame to its polarity and pixel: `counts` [T, 2, S, S], zeros before.

    An event at column x lands in column ⌊x·S / width⌋, rows likewise, so each lands in exactly one
    pixel; a sensor that is not square is stretched. `counts` is contiguous, int16 or float32.
    Raises HarnessError for events outside the sensor, another polarity than 0 and 1, more pixels
    than 32 bits can be scaled to, and more events in one pixel than `counts` can hold.
    """
    side = counts.shape[-1]
    if not counts.flags.c_contiguous:
        raise HarnessError("event frames", "the counts must lie side by side in memory")
    from harness.engine.data.events import frames_kernel

    shift = 2 * max(sensor.width - 1, sensor.height - 1).bit_length()
    inside = frames_kernel.count(
        _contiguous(events.x),
        _contiguous(events.y),
        _contiguous(events.p),
        starts,
        np.uint32(sensor.width),
        np.uint32(sensor.height),
        _scale(sensor.width, side, shift),
        _scale(sensor.height, side, shift),
        np.uint32(shift),
        np.uint32(side),
        counts.reshape(len(counts), POLARITIES * side * side),
    )
    if not inside:
        raise _outside(events, sensor)
    # int16 starts over at its end and float32 stays at 2^24: either way the sum falls short
    if np.diff(starts).max() > _HOLDS[counts.dtype] and counts.sum(dtype=np.float64) < len(events):
        raise HarnessError("event frames", f"more events in one pixel than {counts.dtype} can hold")


def _frames(events: Events, starts: Starts, sensor: Sensor, side: int) -> Frames:
    _require(side, "side")
    result = np.zeros((len(starts) - 1, POLARITIES, side, side), np.float32)
    count(events, starts, sensor, result)
    return result


def _scale(length: int, side: int, shift: int) -> np.uint32:
    """f = ⌈S·2^s / L⌉, with which (x·f) >> s = ⌊x·S / L⌋ for every x < L.

    x·f / 2^s exceeds x·S / L by less than x / 2^s < 1 / L, as L² ≤ 2^s, and x·S / L lies at least
    1 / L below the next whole number.
    """
    scale = -(-(side << shift) // length)
    if (length - 1) * scale >= 1 << 32:
        raise HarnessError("event frames", f"{length} pixels into {side} are beyond 32 bits")
    return np.uint32(scale)


def _contiguous(column: Column) -> Column:
    """Bytes side by side as they are, anything else as two bytes each: few kernels to compile.

    A number that two bytes cannot hold becomes their largest, which is outside every sensor.
    """
    if column.dtype == np.uint8 and column.flags.c_contiguous:
        return column
    if column.dtype.kind != "u" or column.dtype.itemsize > 2:
        column = np.where((column < 0) | (column > _BEYOND), _BEYOND, column)
    return np.ascontiguousarray(column, np.uint16)


def _outside(events: Events, sensor: Sensor) -> HarnessError:
    if events.p.min() < 0 or events.p.max() >= POLARITIES:
        return HarnessError("event frames", "polarity must be 0 (OFF) or 1 (ON)")
    reach = f"events reach ({events.x.max()}, {events.y.max()})"
    return HarnessError("event frames", f"{reach}, outside the sensor of {sensor}")


def _require(number: int, name: str) -> None:
    if number < 1:
        raise HarnessError("event frames", f"{name} must be at least 1 (got {number})")
