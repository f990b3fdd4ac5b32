"""The decoded cache: what went in comes out, damage is noticed, nothing half-written is seen."""

from __future__ import annotations

import hashlib
import json
import logging
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.engine.data.events.cache import Cache, cached, packed
from harness.engine.data.events.recording import Recording
from harness.errors import HarnessError
from tests.engine.data.events.made import Rows, events_of, rows_of

ROWS: dict[str, Rows] = {
    "a/1.bin": [(1, 2, 1000, 1), (3, 4, 1005, 0)],
    "a/2.bin": [(255, 255, 7, 1)],
    "b/1.bin": [(0, 0, 2**40, 0), (5, 6, 2**40 + 2**32 - 1, 1)],
}


class Source:
    """Recordings to decode, and how often that was done."""

    def __init__(self, path: Path) -> None:
        self.path, self.decoded = path, 0

    def decode(self, name: str) -> Recording:
        self.decoded += 1
        return Recording(events_of(ROWS[name]), {"out of order": 1} if name != "a/2.bin" else {})

    def get(self, identity: str = "made so", names: tuple[str, ...] = tuple(ROWS)) -> Cache:
        return cached(self.path, identity, names, self.decode)


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return Source(tmp_path / "new" / "set.events")


def test_recordings_come_back_with_time_from_their_first_event(source: Source) -> None:
    for _ in range(2):
        cache = source.get()
        assert len(cache) == 3
        for number, rows in enumerate(ROWS.values()):
            since = [(x, y, t - rows[0][2], p) for x, y, t, p in rows]
            assert rows_of(cache[number]) == since
        assert cache.skipped == {"out of order": 2}
    assert source.decoded == 3  # once


def test_a_recording_is_a_view_of_the_file_of_seven_bytes_per_event(source: Source) -> None:
    cache = source.get()
    for number in range(len(cache)):
        one = cache[number]
        assert [column.dtype for column in (one.t, one.x, one.y, one.p)] == [
            "<u4",
            "u1",
            "u1",
            "u1",
        ]
        for column in (one.x, one.y, one.t, one.p):
            assert np.shares_memory(column, cache.content)
            assert column.flags.aligned
            assert not column.flags.writeable


@pytest.mark.parametrize("choice", [{"identity": "otherwise"}, {"names": ("a/1.bin", "a/2.bin")}])
def test_another_identity_or_other_names_are_decoded_anew(
    source: Source, choice: dict[str, str]
) -> None:
    source.get()
    source.get(**choice)  # type: ignore[arg-type]
    assert source.decoded == 3 + len(choice.get("names", ROWS))


def every_bit(content: bytes) -> list[bytes]:
    flipped = []
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 1 << place % 8
        flipped.append(bytes(changed))
    return flipped


def everything(cache: Cache) -> list[Rows]:
    return [rows_of(cache[number]) for number in range(len(cache))]


def test_any_changed_byte_is_noticed_before_it_is_used_and_the_cache_rebuilt(
    source: Source, caplog: pytest.LogCaptureFixture
) -> None:
    expected = everything(source.get())
    good = source.path.read_bytes()
    for bad in every_bit(good):
        caplog.clear()
        source.path.write_bytes(bad)
        assert everything(source.get()) == expected
        assert "is decoded again" in caplog.text
        source.get()
        assert source.path.read_bytes() == good


def test_one_damaged_recording_is_decoded_again_and_no_other(
    source: Source, caplog: pytest.LogCaptureFixture
) -> None:
    source.get()
    bad = bytearray(source.path.read_bytes())
    bad[source.get().starts[1]] ^= 4
    source.path.write_bytes(bad)
    cache = source.get()
    assert source.decoded == 3  # opening looks at the index alone
    assert rows_of(cache[0])[0] == (1, 2, 0, 1)
    assert source.decoded == 3
    assert rows_of(cache[1]) == [(255, 255, 0, 1)]
    assert source.decoded == 4
    assert "a/2.bin is damaged and is decoded again" in caplog.text
    assert not source.path.exists()


@pytest.mark.parametrize(
    "spoil",
    [lambda c: b"", lambda c: c[:20], lambda c: c[:-1], lambda c: c[8:], lambda c: c + b"\0"],
    ids=["empty", "short", "end missing", "start missing", "too long"],
)
def test_a_cut_file_is_noticed_and_rebuilt(
    source: Source, spoil: Callable[[bytes], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    source.get()
    good = source.path.read_bytes()
    source.path.write_bytes(spoil(good))
    with caplog.at_level(logging.WARNING):
        source.get()
    assert source.path.read_bytes() == good
    assert "is decoded again" in caplog.text


def test_a_fault_while_decoding_publishes_nothing_and_keeps_the_old(source: Source) -> None:
    source.get()
    good = source.path.read_bytes()

    def broken(name: str) -> Recording:
        raise HarnessError(name, "broken")

    with pytest.raises(HarnessError, match=r"a/1\.bin: broken"):
        cached(source.path, "otherwise", tuple(ROWS), broken)
    assert source.path.read_bytes() == good
    assert [path.name for path in source.path.parent.iterdir() if "partial" in path.name] == []


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([(256, 0, 0, 0)], "x reaches 256, beyond uint8"),
        ([(0, 300, 0, 0)], "y reaches 300"),
        ([(0, 0, 1, 0), (0, 0, 2**32 + 1, 0)], "t reaches 4,294,967,296, beyond uint32"),
        ([(0, 0, 5, 0), (0, 0, 4, 0)], "events out of order"),
    ],
)
def test_what_seven_bytes_cannot_say_is_an_error(rows: Rows, problem: str) -> None:
    with pytest.raises(HarnessError, match=problem):
        packed("one", events_of(rows))


def test_no_recordings_make_no_cache(source: Source) -> None:
    with pytest.raises(HarnessError, match="no recordings"):
        source.get(names=())
    assert not source.path.exists()


def test_an_open_cache_outlives_its_replacement(source: Source) -> None:
    cache = source.get()
    before = everything(cache)
    source.get("otherwise")
    assert everything(cache) == before


FORGED: dict[str, object] = {
    "no list": {},
    "a text": "counts",
    "nothing": None,
    "counts below zero": {"counts": [-1, 1, 2]},
    "counts without end": {"counts": [2**62, 1, 2]},
    "counts that are no numbers": {"counts": ["1", 1, 2]},
    "fewer counts than names": {"counts": [1]},
    "no event at all": {"counts": [0, 0, 0]},
    "checksums that are no text": {"checksums": [1, 2, 3]},
    "another field": {"more": 1},
}


@pytest.mark.parametrize("what", FORGED)
def test_an_index_that_somebody_made_is_decoded_again(source: Source, what: str) -> None:
    """Its hash is right; only who can write the file can do that, and even then nothing crashes."""
    whole = source.get()
    content = source.path.read_bytes()
    index = json.loads(content[whole.starts[-1] : -48])
    change = FORGED[what]
    text = json.dumps({**index, **change} if change and isinstance(change, dict) else change)
    footer = struct.pack("<8sQ32s", b"EVENTS 2", len(text), hashlib.sha256(text.encode()).digest())
    source.path.write_bytes(content[: whole.starts[-1]] + text.encode() + footer)
    again = source.get()
    assert [rows_of(again[k]) for k in range(3)] == [rows_of(whole[k]) for k in range(3)]
    assert source.decoded == 6
