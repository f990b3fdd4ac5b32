"""AEDAT 2.0 of the DVS128, in which CIFAR10-DVS was published (Li et al. 2017).

Header lines that start with `#` and end with a line feed, the first one `#!AER-DAT2.0`; then for
each event a 32-bit address and a 32-bit time in µs, most significant byte first. Of the address bit
0 is the polarity, where 0 is ON, bits 1–7 are x, bits 8–14 are y; bit 15 marks what is no pixel but
a signal from outside (so jAER's DVS128 extractor reads it); higher bits are 0.

Legend: N = records of a file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from harness.engine.data.events.event import Events, Sensor
from harness.engine.data.events.recording import Faults, Raw, Recording, content, recording
from harness.engine.data.events.writing import publish, require_writable
from harness.errors import HarnessError

DVS128: Final = Sensor(128, 128)
BYTES: Final = 8
CLOCK_BITS: Final = 32
FIRST_LINE: Final = b"#!AER-DAT2.0"
_LONGEST_HEADER: Final = 1 << 16
_EXTERNAL: Final = 1 << 15


def read_aedat2(path: Path | str) -> Events:
    """The events of an AEDAT 2.0 file in order of time: structured [N] with x, y, t (µs), p (1 =
    ON).

    x and y are those of the address, not yet those of a picture (`upright`). tonic's reader of the
    same format calls the address's y x, and OFF 1. Raises HarnessError, with file and byte, for
    another version, a header without end, an address of another camera, and everything that
    `recording.recording` lists.
    """
    return decode_aedat2(path).events


def decode_aedat2(path: Path | str, *, faults: Faults = "refuse") -> Recording:
    """As `read_aedat2`, and with `faults` "skip" with a count of what was left out."""
    path = Path(path)
    stream = content(path)
    start = _header_end(path, stream)
    count, left_over = divmod(len(stream) - start, BYTES)
    words = np.frombuffer(stream, ">u4", 2 * count, offset=start).reshape(count, 2)
    address_N = words[:, 0].astype(np.uint32)
    other_N = address_N >> 16 != 0
    raw = Raw(
        first_byte=start,
        record_bytes=BYTES,
        x_N=((address_N >> 1) & 127).astype(np.uint8),
        y_N=((address_N >> 8) & 127).astype(np.uint8),
        p_N=(~address_N & 1).astype(np.uint8),
        ticks_N=words[:, 1].astype(np.int64),
        clock_bits=CLOCK_BITS,
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
    turned = events.copy()
    turned["x"] = DVS128.width - 1 - events["y"]
    turned["y"] = DVS128.height - 1 - events["x"]
    return turned


def write_aedat2(
    path: Path | str, events: Events, *, comments: tuple[str, ...] = ("This is a raw AE data file",)
) -> None:
    """Write events as an AEDAT 2.0 file, whole or not at all; `read_aedat2` gives them back.

    `comments` are further header lines, without their `#`. Raises HarnessError as `write_atis`, for
    128x128 pixels and a clock of 32 bits, and for a comment that is not one line of ASCII.
    """
    path = Path(path)
    require_writable(path, events, DVS128, CLOCK_BITS)
    if not all(line.isascii() and line.isprintable() for line in comments):
        raise HarnessError(str(path), "a comment must be one line of ASCII")
    words = np.empty((len(events), 2), ">u4")
    x, y, p = (events[name].astype(np.uint32) for name in "xyp")
    words[:, 0] = (y << 8) | (x << 1) | (1 - p)
    words[:, 1] = events["t"] & ((1 << CLOCK_BITS) - 1)
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
