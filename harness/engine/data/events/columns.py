"""Events by column: what is read of a recording lies together, and a mapped file needs no copy.

Legend: N = events of a recording.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.engine.data.events.event import EVENT, Events

Column = NDArray[Any]  # [N] of whole numbers


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """The events of a recording, one array [N] for each of their four numbers (`event.as_events`).

    Which integers they are is the maker's choice: unsigned bytes for pixels and polarity and four
    bytes of µs in the decoded cache.
    """

    x: Column
    y: Column
    t: Column
    p: Column

    def __len__(self) -> int:
        return len(self.t)

    def structured(self) -> Events:
        """The same events as a structured array [N] of EVENT, copied."""
        events = np.zeros(len(self), EVENT)
        for name in ("x", "y", "t", "p"):
            events[name] = getattr(self, name)
        return events


def columns(events: Events | Columns) -> Columns:
    """Events by column; of a structured array these are views, not copies."""
    if isinstance(events, Columns):
        return events
    return Columns(*(events[name] for name in "xytp"))
