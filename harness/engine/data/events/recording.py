"""From the raw numbers of a file to events, with a rule for each thing that may be wrong.

Legend: N = records of a file, one event each unless it is faulty.
"""

from __future__ import annotations

import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from harness.engine.data.events.clock import too_late, unwrapped
from harness.engine.data.events.event import EVENT, Events
from harness.errors import HarnessError

Faults = Literal["refuse", "skip"]
LARGEST_FILE: Final = 100_000_000  # bytes; the largest CIFAR10-DVS recording has a few million
MOST_SKIPPED: Final = 0.01  # of the records; beyond that it is no damaged file but another format


@dataclass(frozen=True, slots=True)
class Raw:
    """A file's records as they stand, before anything is believed."""

    first_byte: int  # of the first record
    record_bytes: int
    x_N: NDArray[Any]
    y_N: NDArray[Any]
    p_N: NDArray[Any]
    ticks_N: NDArray[np.int64]
    clock_bits: int
    outside_N: NDArray[np.bool_]  # pixels that the camera does not have
    outside: str  # in words, with what is allowed
    marker_N: NDArray[np.bool_] | None = None  # records that are no events by definition
    marker_us: int = 0  # by how much each of them puts the clock forward
    left_over: int = 0  # bytes after the last whole record

    def place(self, record: int) -> int:
        """The byte at which a record begins."""
        return self.first_byte + record * self.record_bytes


@dataclass(frozen=True, slots=True)
class Recording:
    """Events in order of time, and how many records were left out, by reason."""

    events: Events
    skipped: dict[str, int] = field(default_factory=dict)


def content(path: Path) -> bytes:
    """The bytes of a file that may be a recording. Raises HarnessError when it cannot be read, and
    for what is no file: a pipe or a device may never end.
    """
    try:
        state = path.stat()
        if not (stat.S_ISREG(state.st_mode) or stat.S_ISDIR(state.st_mode)):
            raise HarnessError(str(path), "is no file")
        size = state.st_size
        if size > LARGEST_FILE:
            raise HarnessError(str(path), f"{size:,} bytes are too many for a recording")
        return path.read_bytes()
    except OSError as error:
        raise HarnessError(str(path), f"cannot be read: {error.strerror or error}") from error


def recording(path: Path, raw: Raw, faults: Faults) -> Recording:
    """The events of a file.

    With `faults` "refuse" the first thing wrong is an error at its byte: bytes after the last whole
    record, a pixel that the camera does not have, a time before that of an earlier event. With
    "skip" such records are left out and counted, as long as they are at most `MOST_SKIPPED` of all;
    more are an error too. A clock that starts over is none: time goes on (`clock.unwrapped`). A
    file without events is an error under both, since no frame can be made of it.
    """
    skipped: dict[str, int] = {}
    if raw.left_over:
        _fault(
            path,
            raw.place(len(raw.x_N)),
            f"ends in {raw.left_over} of the {raw.record_bytes} bytes of an event",
            faults,
        )
        skipped["cut short"] = 1
    keep_N = ~raw.outside_N
    if not keep_N.all():
        first = int(raw.outside_N.argmax())
        at = f"({raw.x_N[first]}, {raw.y_N[first]})"
        _fault(path, raw.place(first), f"pixel {at}: {raw.outside}", faults)
        skipped["outside the sensor"] = int(raw.outside_N.sum())
    if raw.marker_N is not None:
        keep_N &= ~raw.marker_N
    kept, time = _in_time(raw, keep_N)
    late = too_late(time)
    if late.any():
        first = int(late.argmax())
        back = int(time[:first].max() - time[first])
        _fault(path, raw.place(int(kept[first])), f"time goes back by {back:,} µs", faults)
        skipped["out of order"] = int(late.sum())
        kept, time = kept[~late], time[~late]
    _require_most(path, raw, len(kept), skipped)
    events = np.empty(len(kept), EVENT)
    whole = len(kept) == len(raw.x_N)
    for name, column in (("x", raw.x_N), ("y", raw.y_N), ("p", raw.p_N)):
        events[name] = column if whole else column[kept]
    events["t"] = time
    return Recording(events, skipped)


def _in_time(raw: Raw, keep_N: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Numbers of the records that are events, and their times in µs."""
    kept = np.flatnonzero(keep_N)
    time = unwrapped(raw.ticks_N if len(kept) == len(keep_N) else raw.ticks_N[kept], raw.clock_bits)
    if raw.marker_us and raw.marker_N is not None and raw.marker_N.any():
        time = time + raw.marker_us * np.cumsum(raw.marker_N)[kept]
    return kept, time


def _fault(path: Path, byte: int, problem: str, faults: Faults) -> None:
    if faults == "refuse":
        raise HarnessError(
            f"{path}: byte {byte}", problem, hint="fetch it again, or skip faulty events"
        )


def _require_most(path: Path, raw: Raw, kept: int, skipped: dict[str, int]) -> None:
    faulty = sum(skipped.values())
    if faulty > MOST_SKIPPED * (kept + faulty):
        said = ", ".join(f"{count:,} {why}" for why, count in skipped.items())
        raise HarnessError(
            f"{path}: byte {raw.first_byte}",
            f"{said} of {kept + faulty:,} events: too many to skip",
            hint="it is damaged or of another format",
        )
    if not kept:
        raise HarnessError(f"{path}: byte {raw.first_byte}", "holds no events")
