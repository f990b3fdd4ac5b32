"""Events of a camera, and how a file's raw numbers become them, with a rule for each thing that may
be wrong.

Legend: N = records of a file, one event each unless it is faulty.
"""

from __future__ import annotations

import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.errors import HarnessError
from harness.files import write_durably

Column = NDArray[Any]  # [N] of whole numbers
Faults = Literal["refuse", "skip"]
Ticks = NDArray[np.int64]

LARGEST_FILE: Final = 100_000_000  # bytes; the largest CIFAR10-DVS recording has a few million
_DAMAGED: Final = 'fetch it again, or leave damaged events out: faults = "skip"'
MOST_SKIPPED: Final = 0.01  # of the records; beyond that it is no damaged file but another format


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """The events of a recording, one array [N] for each of their four numbers: a pixel whose
    brightness changed (column x, row y), when (t, µs), and which way (p, 1 = ON, brighter).

    Which integers they are is the maker's choice: unsigned bytes for pixels and polarity and four
    bytes of µs in the decoded cache. `events["t"]` is `events.t`.
    """

    x: Column
    y: Column
    t: Column
    p: Column

    def __len__(self) -> int:
        return len(self.t)

    def __getitem__(self, name: Literal["x", "y", "t", "p"]) -> Column:
        """One of the four columns by its name, as of a structured array."""
        column: Column = getattr(self, name)
        return column


@dataclass(frozen=True, slots=True)
class Sensor:
    """Pixels of a camera: columns x in 0 … width − 1, rows y in 0 … height − 1, y = 0 on top."""

    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise HarnessError("event sensor", f"needs a pixel (got {self})")

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


def as_events(x: ArrayLike, y: ArrayLike, t: ArrayLike, p: ArrayLike) -> Events:
    """Columns of N numbers as events: pixel (column, row), time in µs, polarity 1 = ON, brighter.

    Raises HarnessError for columns of different length and for numbers that an event cannot have.
    """
    given = {name: np.asarray(column) for name, column in zip("xytp", (x, y, t, p), strict=True)}
    if len({column.shape for column in given.values()}) != 1 or given["x"].ndim != 1:
        shapes = ", ".join(f"{name} {column.shape}" for name, column in given.items())
        raise HarnessError("events", f"needs four columns of one length, got {shapes}")
    kept: dict[str, Column] = {}
    for (name, column), form in zip(given.items(), ("<u2", "<u2", "<i8", "u1"), strict=True):
        kept[name] = column.astype(form)
        if not np.array_equal(kept[name], column):
            raise HarnessError("events", f"{name} holds what is no {np.dtype(form)}")
    if len(kept["p"]) and kept["p"].max() > 1:
        raise HarnessError("events", "polarity must be 0 (OFF) or 1 (ON)")
    return Events(**kept)


@dataclass(frozen=True, slots=True)
class Recording:
    """Events in order of time, and how many records were left out, by reason."""

    events: Events
    skipped: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Raw:
    """A file's records as they stand, before anything is believed."""

    first_byte: int  # of the first record
    record_bytes: int
    x_N: Column
    y_N: Column
    p_N: Column
    ticks_N: Ticks
    clock_bits: int
    outside_N: NDArray[np.bool_]  # pixels that the camera does not have
    outside: str  # in words, with what is allowed
    marker_N: NDArray[np.bool_]  # records that are no events by definition
    marker_us: int = 0  # by how much each of them puts the clock forward
    left_over: int = 0  # bytes after the last whole record


def content(path: Path) -> bytes:
    """The bytes of a file that may be a recording. Raises HarnessError when it cannot be read, and
    for what is no file: a pipe or a device may never end.
    """
    try:
        state = path.stat()
        if not (stat.S_ISREG(state.st_mode) or stat.S_ISDIR(state.st_mode)):
            raise HarnessError(str(path), "is no file")
        if state.st_size > LARGEST_FILE:
            raise HarnessError(str(path), f"{state.st_size:,} bytes are too many for a recording")
        return path.read_bytes()
    except OSError as error:
        raise HarnessError(str(path), f"cannot be read: {error.strerror or error}") from error


def recording(path: Path, raw: Raw, faults: Faults) -> Recording:
    """The events of a file.

    With `faults` "refuse" the first thing wrong is an error at its byte: bytes after the last whole
    record, a pixel that the camera does not have, a time before that of an earlier event. With
    "skip" such records are left out and counted, as long as they are at most `MOST_SKIPPED` of all;
    more are an error too. A clock that starts over is none: time goes on (`unwrapped`). A file
    without events is an error under both, since no frame can be made of it.
    """
    skipped: dict[str, int] = {}

    def fault(record: int, problem: str, reason: str, count: int) -> None:
        if faults == "refuse":
            where = f"{path}: byte {raw.first_byte + record * raw.record_bytes}"
            raise HarnessError(where, problem, hint=_DAMAGED)
        skipped[reason] = count

    if raw.left_over:
        said = f"ends in {raw.left_over} of the {raw.record_bytes} bytes of an event"
        fault(len(raw.x_N), said, "cut short", 1)
    keep_N = ~raw.outside_N
    if not keep_N.all():
        first = int(raw.outside_N.argmax())
        said = f"pixel ({raw.x_N[first]}, {raw.y_N[first]}): {raw.outside}"
        fault(first, said, "outside the sensor", int(raw.outside_N.sum()))
    kept = np.flatnonzero(keep_N & ~raw.marker_N)
    whole = len(kept) == len(keep_N)
    time = unwrapped(raw.ticks_N if whole else raw.ticks_N[kept], raw.clock_bits)
    if raw.marker_us and raw.marker_N.any():
        time = time + raw.marker_us * np.cumsum(raw.marker_N)[kept]
    late = too_late(time)
    if late.any():
        first = int(late.argmax())
        back = int(time[:first].max() - time[first])
        said = f"time goes back by {back:,} µs"
        fault(int(kept[first]), said, "out of order", int(late.sum()))
        kept, time, whole = kept[~late], time[~late], False
    _require_most(f"{path}: byte {raw.first_byte}", len(kept), skipped)
    x, y, p = (
        np.ascontiguousarray(column if whole else column[kept])
        for column in (raw.x_N, raw.y_N, raw.p_N)
    )
    return Recording(Events(x, y, time, p), skipped)


def _require_most(where: str, kept: int, skipped: dict[str, int]) -> None:
    faulty = sum(skipped.values())
    if faulty > MOST_SKIPPED * (kept + faulty):
        said = ", ".join(f"{count:,} {why}" for why, count in skipped.items())
        problem = f"{said} of {kept + faulty:,} events: too many to skip"
        raise HarnessError(where, problem, hint="it is damaged or of another format")
    if not kept:
        raise HarnessError(where, "holds no events")


def unwrapped(ticks_N: Ticks, bits: int) -> Ticks:
    """Readings of a clock of `bits` bits as µs since its first zero, int64 [N].

    Readings that never fall are taken as they are. Otherwise each step between neighbours is the
    shorter way round the clock, t_k = t_0 + Σ ((d + R/2) mod R − R/2) with R = 2**bits, so a wrap
    goes on upward and an event that comes too late stays below its neighbour. Beside a wrap a
    silence of R/2 or more (4.2 s of 23 bits, 36 min of 32) is beyond what the format can say: it
    shows as a step back.
    """
    whole, half = 1 << bits, 1 << (bits - 1)
    steps = np.diff(ticks_N)
    if steps.size == 0 or steps.min() >= 0:
        return ticks_N
    steps = ((steps + half) & (whole - 1)) - half
    return np.concatenate([ticks_N[:1], ticks_N[0] + np.cumsum(steps)])


def too_late(time_N: Ticks) -> NDArray[np.bool_]:
    """Which events are earlier than one that stands before them, bool [N]."""
    late: NDArray[np.bool_] = np.zeros(len(time_N), np.bool_)
    if (time_N[1:] < time_N[:-1]).any():  # the running maximum takes longer than all the rest
        late = time_N < np.maximum.accumulate(time_N)
    return late


def require_writable(path: Path, events: Events, sensor: Sensor, clock_bits: int) -> None:
    """Raise HarnessError for events that a reader could not give back as they are."""
    time, clock = events.t, 1 << clock_bits
    silence = int(np.diff(time).max()) if len(events) > 1 else 0
    if not len(events):
        problem = "no events to write"
    elif int(events.x.max()) >= sensor.width or int(events.y.max()) >= sensor.height:
        problem = f"events outside the {sensor} pixels of the format"
    elif too_late(time).any():
        problem = "events out of order"
    elif not 0 <= int(time[0]) < clock:
        problem = f"the first event, at {time[0]:,} µs, is not on the clock's first round"
    elif int(time[-1]) >= clock and silence >= clock // 2:
        problem = f"a silence of {silence:,} µs beside a wrap of {clock_bits} bits"
    else:
        return
    raise HarnessError(str(path), problem)


def publish(path: Path, records: bytes) -> None:
    """Write the file whole or not at all; HarnessError where the disk fails."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(path, records)
    except OSError as error:
        raise HarnessError(str(path), f"cannot be written: {error.strerror or error}") from error
