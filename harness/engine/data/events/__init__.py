"""Recordings of event cameras: readers, frames, a decoded cache, and sets to train on."""

from harness.engine.data.events.formats import read_aedat2, read_atis, write_aedat2, write_atis
from harness.engine.data.events.frames import by_count, by_time
from harness.engine.data.events.recording import Events, Sensor, as_events

__all__ = [
    "Events",
    "Sensor",
    "as_events",
    "by_count",
    "by_time",
    "read_aedat2",
    "read_atis",
    "write_aedat2",
    "write_atis",
]
