"""Writing recordings: what a format cannot say is refused, and a file appears whole."""

from __future__ import annotations

from pathlib import Path

from harness.engine.data.events.clock import span, too_late
from harness.engine.data.events.event import Events, Sensor
from harness.errors import HarnessError
from harness.files import write_durably


def require_writable(path: Path, events: Events, sensor: Sensor, clock_bits: int) -> None:
    """Raise HarnessError for events that a reader could not give back as they are."""
    if not len(events):
        problem = "no events to write"
    elif int(events["x"].max()) >= sensor.width or int(events["y"].max()) >= sensor.height:
        problem = f"events outside the {sensor} pixels of the format"
    elif too_late(events["t"]).any():
        problem = "events out of order"
    elif not 0 <= int(events["t"][0]) < 1 << clock_bits:
        problem = f"the first event, at {events['t'][0]:,} µs, is not on the clock's first round"
    elif _wraps(events, clock_bits) and span(events["t"]) >= 1 << (clock_bits - 1):
        problem = f"a silence of {span(events['t']):,} µs beside a wrap of {clock_bits} bits"
    else:
        return
    raise HarnessError(str(path), problem)


def _wraps(events: Events, clock_bits: int) -> bool:
    return int(events["t"][-1]) >= 1 << clock_bits


def publish(path: Path, content: bytes) -> None:
    """Write a recording whole, or raise HarnessError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(path, content)
    except OSError as error:
        raise HarnessError(str(path), f"cannot be written: {error.strerror or error}") from error
