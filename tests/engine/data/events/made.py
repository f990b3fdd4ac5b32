"""Recordings for the tests, and their bytes written out by the format's definition."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from harness.engine.data.events.recording import Events, as_events

Rows = list[tuple[int, int, int, int]]  # x, y, t, p


def events_of(rows: Rows) -> Events:
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    return as_events(*columns)


def rows_of(events: Events) -> Rows:
    return list(zip(*(events[name].tolist() for name in "xytp"), strict=True))  # type: ignore[literal-required]


def atis_bytes(rows: Rows) -> bytes:
    """Bit by bit: 8 of x, 8 of y, 1 of polarity, 23 of time."""
    bits = "".join(f"{x:08b}{y:08b}{p:01b}{t % 2**23:023b}" for x, y, t, p in rows)
    return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))


HEADER = b"#!AER-DAT2.0\r\n# This is a raw AE data file\r\n#\r\n"


def aedat2_bytes(rows: Rows, header: bytes = HEADER) -> bytes:
    """Bit by bit: 17 zeros, 7 of y, 7 of x, 1 that is 0 for ON; then 32 of time."""
    bits = "".join(f"{0:017b}{y:07b}{x:07b}{1 - p:01b}{t % 2**32:032b}" for x, y, t, p in rows)
    return header + bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))


@st.composite
def recorded(draw: st.DrawFn, width: int, height: int, clock_bits: int) -> Rows:
    """Events in order of time that a format of this clock can say, silences and wraps included."""
    first = draw(st.integers(0, 2**clock_bits - 1))
    silence = st.one_of(st.integers(0, 5), st.integers(0, 2 ** (clock_bits - 1) - 1))
    pixel = st.tuples(st.integers(0, width - 1), st.integers(0, height - 1), st.integers(0, 1))
    rows, time = [], first
    for (x, y, p), later in draw(st.lists(st.tuples(pixel, silence), min_size=1, max_size=30)):
        rows.append((x, y, time, p))
        time += later
    return rows


@st.composite
def damage(draw: st.DrawFn, whole: st.SearchStrategy[bytes]) -> bytes:
    """A whole file, cut somewhere, with bytes changed, repeated, or put in another order."""
    content = bytearray(draw(whole))
    for kind in draw(st.lists(st.sampled_from(["cut", "change", "repeat", "swap"]), max_size=4)):
        a, b = sorted((draw(st.integers(0, len(content))), draw(st.integers(0, len(content)))))
        if kind == "cut":
            del content[a:b]
        elif kind == "change" and a < b:
            content[a] = draw(st.integers(0, 255))
        elif kind == "repeat":
            content[b:b] = content[a:b]
        elif kind == "swap":
            content[:] = content[:a] + content[b:] + content[a:b]
    return bytes(content)
