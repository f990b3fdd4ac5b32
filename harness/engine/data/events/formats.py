"""The two formats in which recordings were published.

AEDAT 2.0 of the DVS128, CIFAR10-DVS (Li et al. 2017). Header lines that start with `#` and end with
a line feed, the first one `#!AER-DAT2.0`; then for each event a 32-bit address and a 32-bit time in
µs, most significant byte first. Of the address bit 0 is the polarity, where 0 is ON, bits 1–7 are
x, bits 8–14 are y; bit 15 marks what is no pixel but a signal from outside (so jAER's DVS128
extractor reads it); higher bits are 0.

40 bits per event: N-MNIST and N-Caltech101 (Orchard et al. 2015). From the first byte: 8 bits x, 8
bits y, 1 bit polarity (1 = ON), 23 bits time in µs, most significant bit first; no header. A y of
240, one row below the last of the ATIS, is no event: the camera's own clock has overflown, and
2**13 µs are to be added to what follows. So the reader of the data's author does,
https://github.com/gorchard/event-Python.

Legend: N = records of a file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np

from harness.engine.data.events.recording import (
    Events,
    Faults,
    Raw,
    Recording,
    Sensor,
    content,
    publish,
    recording,
    require_writable,
)
from harness.errors import HarnessError

DVS128: Final = Sensor(128, 128)
_AEDAT2_BYTES: Final = 8
_AEDAT2_CLOCK: Final = 32
FIRST_LINE: Final = b"#!AER-DAT2.0"
_LONGEST_HEADER: Final = 1 << 16
_EXTERNAL: Final = 1 << 15


def read_aedat2(path: Path | str) -> Events:
    """The events of an AEDAT 2.0 file in order of time.

    x and y are those of the address, not yet those of a picture (`upright`). tonic calls the
    address's y x, and OFF 1. Raises HarnessError, with file and byte, for another version, a header
    without end, an address of another camera, and everything that `recording.recording` lists.
    """
    return decode_aedat2(path).events


def decode_aedat2(path: Path | str, *, faults: Faults = "refuse") -> Recording:
    """As `read_aedat2`, and with `faults` "skip" with a count of what was left out."""
    path = Path(path)
    stream = content(path)
    start = _header_end(path, stream)
    count, left_over = divmod(len(stream) - start, _AEDAT2_BYTES)
    words = np.frombuffer(stream, ">u4", 2 * count, offset=start).reshape(count, 2)
    address_N = words[:, 0].astype(np.uint32)
    other_N = address_N >> 16 != 0
    raw = Raw(
        first_byte=start,
        record_bytes=_AEDAT2_BYTES,
        x_N=((address_N >> 1) & 127).astype(np.uint8),
        y_N=((address_N >> 8) & 127).astype(np.uint8),
        p_N=(~address_N & 1).astype(np.uint8),
        ticks_N=words[:, 1].astype(np.int64),
        clock_bits=_AEDAT2_CLOCK,
        outside_N=other_N,
        outside=f"its address has bits beyond those of a sensor of {DVS128}",
        marker_N=~other_N & (address_N & _EXTERNAL != 0),
        left_over=left_over,
    )
    return recording(path, raw, faults)


def upright(events: Events) -> Events:
    """The events of CIFAR10-DVS as pictures with y = 0 on top: (x, y) → (127 − y, 127 − x).

    So SpikingJelly turns them. jAER's extractor and dat2mat.m, which the data's README names, give
    (127 − x, y) with y = 0 at the bottom, which is the mirror image, lying on its side. No genuine
    recording was at hand to see which of the two stands upright. All recordings are turned alike,
    and the recipe mirrors half of them at random, so only the axis of that mirror hangs on it.
    """
    return Events(DVS128.width - 1 - events.y, DVS128.height - 1 - events.x, events.t, events.p)


def write_aedat2(
    path: Path | str, events: Events, *, comments: tuple[str, ...] = ("This is a raw AE data file",)
) -> None:
    """Write events as an AEDAT 2.0 file, whole or not at all; `read_aedat2` gives them back.

    `comments` are further header lines, without their `#`. Raises HarnessError as `write_atis`, for
    128x128 pixels and a clock of 32 bits, and for a comment that is not one line of ASCII.
    """
    path = Path(path)
    require_writable(path, events, DVS128, _AEDAT2_CLOCK)
    if not all(line.isascii() and line.isprintable() for line in comments):
        raise HarnessError(str(path), "a comment must be one line of ASCII")
    words = np.empty((len(events), 2), ">u4")
    x, y, p = (column.astype(np.uint32) for column in (events.x, events.y, events.p))
    words[:, 0] = (y << 8) | (x << 1) | (1 - p)
    words[:, 1] = events.t & ((1 << _AEDAT2_CLOCK) - 1)
    lines = [FIRST_LINE, *(f"# {line}".encode() for line in comments)]
    publish(path, b"".join(line + b"\r\n" for line in lines) + words.tobytes())


def _header_end(path: Path, stream: bytes) -> int:
    """The byte after the last header line."""
    if not stream.startswith(FIRST_LINE):
        found = stream[: stream.find(b"\n") if b"\n" in stream[:80] else 16].strip()
        raise HarnessError(
            f"{path}: byte 0",
            f"does not begin with {FIRST_LINE.decode()} (got {found!r})" if stream else "is empty",
            hint="only AEDAT 2.0 is read, the format of the official CIFAR10-DVS archives",
        )
    end = 0
    while stream[end : end + 1] == b"#":
        line_end = stream.find(b"\n", end, _LONGEST_HEADER)
        if line_end < 0:
            raise HarnessError(f"{path}: byte {end}", "a header line that does not end")
        end = line_end + 1
    return end


ATIS: Final = Sensor(304, 240)  # of which x reaches 255 in this format
_ATIS_BYTES: Final = 5
_ATIS_CLOCK: Final = 23
OVERFLOW_ROW: Final = 240
OVERFLOW_US: Final = 1 << 13


def read_atis(path: Path | str, *, sensor: Sensor = ATIS) -> Events:
    """The events of a 40-bit file in order of time.

    `sensor` is what the coordinates must fit into: 34x34 for N-MNIST, 240x180 for N-Caltech101; the
    whole ATIS unless it is given. Raises HarnessError, with file and byte, for everything that
    `recording.recording` lists, and for an empty file.
    """
    return decode_atis(path, sensor).events


def decode_atis(path: Path | str, sensor: Sensor = ATIS, faults: Faults = "refuse") -> Recording:
    """As `read_atis`, and with `faults` "skip" with a count of what was left out."""
    path = Path(path)
    stream = content(path)
    count, left_over = divmod(len(stream), _ATIS_BYTES)
    records = np.frombuffer(stream, np.uint8, count * _ATIS_BYTES).reshape(count, _ATIS_BYTES)
    x_N, y_N, first_N = records[:, 0], records[:, 1], records[:, 2]
    # The last four bytes as one number: y, polarity and time, of which the low 23 bits are wanted.
    words = np.ndarray(count, ">u4", stream, offset=1, strides=(_ATIS_BYTES,)) if count else first_N
    marker_N = y_N == OVERFLOW_ROW
    outside_N = (x_N >= sensor.width) | (y_N >= sensor.height)
    raw = Raw(
        first_byte=0,
        record_bytes=_ATIS_BYTES,
        x_N=x_N,
        y_N=y_N,
        p_N=first_N >> 7,
        ticks_N=(words & np.uint32((1 << _ATIS_CLOCK) - 1)).astype(np.int64),
        clock_bits=_ATIS_CLOCK,
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
    require_writable(path, events, Sensor(256, OVERFLOW_ROW), _ATIS_CLOCK)
    records = np.empty((len(events), _ATIS_BYTES), np.uint8)
    ticks = events.t & ((1 << _ATIS_CLOCK) - 1)
    records[:, 0], records[:, 1] = events.x, events.y
    records[:, 2] = (events.p.astype(np.int64) << 7) | (ticks >> 16)
    records[:, 3], records[:, 4] = (ticks >> 8) & 255, ticks & 255
    publish(path, records.tobytes())


@dataclass(frozen=True, slots=True)
class Format:
    """A format of recordings: how its files end, and how one becomes events that stand upright."""

    suffix: str
    decode: Callable[[Path, Sensor, Faults], Recording]


def _upright_aedat2(path: Path, sensor: Sensor, faults: Faults) -> Recording:
    if sensor != DVS128:
        raise HarnessError("event sensor", f"AEDAT 2.0 is read for {DVS128} pixels, not {sensor}")
    found = decode_aedat2(path, faults=faults)
    return Recording(upright(found.events), found.skipped)


FORMATS: Final[Mapping[str, Format]] = MappingProxyType(
    {"atis": Format(".bin", decode_atis), "aedat2": Format(".aedat", _upright_aedat2)}
)
