"""Recordings of 40 bits per event: N-MNIST and N-Caltech101 as published (Orchard et al. 2015).

From the first byte: 8 bits x, 8 bits y, 1 bit polarity (1 = ON), 23 bits time in µs, most
significant bit first; no header. A y of 240, one row below the last of the ATIS, is no event: the
camera's own clock has overflown, and 2**13 µs are to be added to what follows. So the reader of the
data's author does, https://github.com/gorchard/event-Python.

Legend: N = records of a file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from harness.engine.data.events.event import Events, Sensor
from harness.engine.data.events.recording import Faults, Raw, Recording, content, recording
from harness.engine.data.events.writing import publish, require_writable

ATIS: Final = Sensor(304, 240)  # of which x reaches 255 in this format
BYTES: Final = 5
CLOCK_BITS: Final = 23
OVERFLOW_ROW: Final = 240
OVERFLOW_US: Final = 1 << 13


def read_atis(path: Path | str, *, sensor: Sensor = ATIS) -> Events:
    """The events of a 40-bit file in order of time: structured [N] with x, y, t (µs), p (1 = ON).

    `sensor` is what the coordinates must fit into: 34x34 for N-MNIST, 240x180 for N-Caltech101; the
    whole ATIS unless it is given. Raises HarnessError, with file and byte, for everything that
    `recording.recording` lists, and for an empty file.
    """
    return decode_atis(path, sensor=sensor).events


def decode_atis(path: Path | str, *, sensor: Sensor = ATIS, faults: Faults = "refuse") -> Recording:
    """As `read_atis`, and with `faults` "skip" with a count of what was left out."""
    path = Path(path)
    stream = content(path)
    count, left_over = divmod(len(stream), BYTES)
    records = np.frombuffer(stream, np.uint8, count * BYTES).reshape(count, BYTES)
    x_N, y_N, first_N = records[:, 0], records[:, 1], records[:, 2]
    # The last four bytes as one number: y, polarity and time, of which the low 23 bits are wanted.
    words = np.ndarray(count, ">u4", stream, offset=1, strides=(BYTES,)) if count else first_N
    marker_N = y_N == OVERFLOW_ROW
    outside_N = (x_N >= sensor.width) | (y_N >= sensor.height)
    raw = Raw(
        first_byte=0,
        record_bytes=BYTES,
        x_N=x_N,
        y_N=y_N,
        p_N=first_N >> 7,
        ticks_N=(words & np.uint32((1 << CLOCK_BITS) - 1)).astype(np.int64),
        clock_bits=CLOCK_BITS,
        outside_N=outside_N & ~marker_N,
        outside=f"outside the sensor of {sensor}",
        marker_N=marker_N,
        marker_us=OVERFLOW_US,
        left_over=left_over,
    )
    return recording(path, raw, faults)


def write_atis(path: Path | str, events: Events) -> None:
    """Write events as a 40-bit file, whole or not at all; `read_atis` gives them back.

    Raises HarnessError for what the format cannot say: no events, x above 255, y above 239, events
    out of order, a first event later than the clock, and where the clock starts over a silence of
    half its round or more.
    """
    path = Path(path)
    require_writable(path, events, Sensor(256, OVERFLOW_ROW), CLOCK_BITS)
    records = np.empty((len(events), BYTES), np.uint8)
    ticks = events["t"] & ((1 << CLOCK_BITS) - 1)
    records[:, 0], records[:, 1] = events["x"], events["y"]
    records[:, 2] = (events["p"].astype(np.int64) << 7) | (ticks >> 16)
    records[:, 3], records[:, 4] = (ticks >> 8) & 255, ticks & 255
    publish(path, records.tobytes())
