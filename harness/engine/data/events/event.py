"""An event: a pixel whose brightness changed, when, and which way.

Legend: N = events of a recording.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.errors import HarnessError

Events = NDArray[np.void]  # [N] of EVENT, or of any structured type with the same four names

# Aligned, and 16 bytes: numpy reads an int64 that lies across words several times slower.
EVENT: Final = np.dtype(
    {
        "names": ["x", "y", "t", "p"],
        "formats": ["<u2", "<u2", "<i8", "u1"],
        "offsets": [8, 10, 0, 12],
        "itemsize": 16,
    }
)


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
    columns: dict[str, NDArray[Any]] = {
        name: np.asarray(column) for name, column in zip("xytp", (x, y, t, p), strict=True)
    }
    if len({column.shape for column in columns.values()}) != 1 or columns["x"].ndim != 1:
        shapes = ", ".join(f"{name} {column.shape}" for name, column in columns.items())
        raise HarnessError("events", f"needs four columns of one length, got {shapes}")
    events = np.zeros(len(columns["x"]), EVENT)
    for name, column in columns.items():
        events[name] = column
        if not np.array_equal(events[name], column):
            raise HarnessError("events", f"{name} holds what is no {EVENT[name]}")
    if len(events) and events["p"].max() > 1:
        raise HarnessError("events", "polarity must be 0 (OFF) or 1 (ON)")
    return events
