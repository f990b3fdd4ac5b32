"""Recordings decoded once: one memory-mapped file of 7 bytes per event, checked as it is read.

The file: for each recording its times, columns, rows and polarities, one after the other, filled up
to 8 bytes; an index in JSON; a footer of 48 bytes with the length and the SHA-256 of the index. The
index holds a checksum of each recording, XXH3 of 128 bits: it is there to notice damage, not deceit
(who can write the cache can write the recordings too), and costs a tenth of what SHA-256 does.

Legend: R = recordings, N = events of one.
"""

from __future__ import annotations

import hashlib
import json
import logging
import mmap
import os
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from harness.engine.data.events.recording import Events, Recording
from harness.errors import HarnessError
from harness.files import open_plain, replacing

_log = logging.getLogger(__name__)

Decode = Callable[[str], Recording]

TIME: Final = np.dtype("<u4")  # µs since the recording's first event
BYTE: Final = np.dtype("u1")  # of x, y and polarity
_EVENT_BYTES: Final = TIME.itemsize + 3 * BYTE.itemsize
_ALIGNED: Final = 8  # bytes; numpy reads numbers that lie across words several times slower
_FOOTER: Final = struct.Struct("<8sQ32s")
_MAGIC: Final = b"EVENTS 2"
_FIELDS: Final = {"identity", "names", "counts", "checksums", "skipped"}
_MOST_EVENTS: Final = 1 << 40  # of a recording; more is no number of events


class Damaged(Exception):
    """Why a file is not the cache that was asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class Cache:
    """The recordings of a file whose index was found whole."""

    path: Path
    names: tuple[str, ...]
    counts: tuple[int, ...]  # [R], events of each recording
    checksums: tuple[str, ...]  # [R], of its bytes
    starts: tuple[int, ...]  # [R + 1], the first byte of each recording
    skipped: dict[str, int]  # records left out when they were decoded, by reason
    content: NDArray[np.uint8]  # the mapped file, read-only, in memory as far as it was touched
    decode: Decode

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, number: int) -> Events:
        """One recording's events, not copied; t counts from the first of them.

        Every byte is held against the checksum each time. A recording that is damaged is decoded
        again, with a warning, and the file gives way to a new one when it is next opened. Raises
        HarnessError where `decode` does and where the file cannot be removed.
        """
        content = self.content[self.starts[number] : self.starts[number + 1]]
        if _checksum(content.data) == self.checksums[number]:
            count = self.counts[number]
            time, rest = content[: 4 * count].view(TIME), content[4 * count :]
            x, y, p = (rest[k * count : (k + 1) * count] for k in range(3))
            return Events(x, y, time, p)
        name = self.names[number]
        _log.warning("%s: %s is damaged and is decoded again", self.path, name)
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise HarnessError(
                str(self.path), f"is damaged and cannot be removed: {error}", hint="delete it"
            ) from error
        return packed(name, self.decode(name).events)


def cached(path: Path, identity: str, names: Sequence[str], decode: Decode) -> Cache:
    """The cache at `path`, built by `decode` of each name when it is missing, damaged or another's.

    `identity` says what the recordings are made from (names, sizes, format, settings): a file with
    another identity or other names is built anew, and so is one whose index has changed in any bit
    or whose length does not fit, with a warning that says why. The recordings themselves are
    checked when they are read (`Cache.__getitem__`), so that opening costs no pass over the file.
    Published by one rename, so that a reader finds a whole file or none; a second process that
    wants the same waits. Raises HarnessError where `decode` does or the disk fails.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f".{path.name}.lock")):
            if path.exists():
                try:
                    return _opened(path, identity, names, decode)
                except Damaged as damage:
                    _log.warning("%s is decoded again: %s", path, damage)
            with replacing(path) as file:
                _write(file, identity, names, map(decode, names))
            try:
                return _opened(path, identity, names, decode)
            except Damaged as damage:
                raise HarnessError(
                    str(path), f"was written and is damaged: {damage}", hint="check the disk"
                ) from damage
    except OSError as error:
        raise HarnessError(str(path), f"cannot be written: {error}") from error


def packed(name: str, events: Events) -> Events:
    """Events of a recording as they are kept; HarnessError for what 7 bytes cannot say."""
    time = events.t - (events.t[0] if len(events) else 0)
    if (time[1:] < time[:-1]).any():
        raise HarnessError(name, "events out of order")
    kept = []
    for field, column, form in (
        ("x", events.x, BYTE),
        ("y", events.y, BYTE),
        ("t", time, TIME),
        ("p", events.p, BYTE),
    ):
        if len(column) and not 0 <= column.min() <= column.max() <= np.iinfo(form).max:
            raise HarnessError(name, f"{field} reaches {column.max():,}, beyond {form}")
        kept.append(np.ascontiguousarray(column, form))
    return Events(*kept)


def _checksum(content: memoryview | bytes) -> str:
    import xxhash  # only who reads recordings needs it

    return xxhash.xxh3_128_hexdigest(content)


def _write(
    file: BinaryIO, identity: str, names: Sequence[str], recordings: Iterable[Recording]
) -> None:
    skipped: dict[str, int] = {}
    counts, checksums = [], []
    for name, one in zip(names, recordings, strict=True):
        events = packed(name, one.events)
        content = b"".join(part.tobytes() for part in (events.t, events.x, events.y, events.p))
        content += bytes(-len(content) % _ALIGNED)
        file.write(content)
        counts.append(len(one.events))
        checksums.append(_checksum(content))
        for why, count in one.skipped.items():
            skipped[why] = skipped.get(why, 0) + count
    if not any(counts):
        raise HarnessError("event cache", "no recordings, or none with events")
    index = {
        "identity": identity,
        "names": list(names),
        "counts": counts,
        "checksums": checksums,
        "skipped": skipped,
    }
    text = json.dumps(index).encode()
    file.write(text + _FOOTER.pack(_MAGIC, len(text), hashlib.sha256(text).digest()))


def _opened(path: Path, identity: str, names: Sequence[str], decode: Decode) -> Cache:
    with open_plain(path, links=True) as file:
        index, length = _index(file)
        if index["identity"] != identity or index["names"] != list(names):
            raise Damaged("it was made from other recordings, or otherwise")
        counts = index["counts"]
        lengths = -(-np.array([0, *counts], np.int64) * _EVENT_BYTES // _ALIGNED) * _ALIGNED
        starts = tuple(np.cumsum(lengths).tolist())
        if starts[-1] != length:
            raise Damaged(f"it has {length:,} bytes of events, its index {starts[-1]:,}")
        # numpy's own memory map makes every slice a memmap, which costs as much as a small read
        mapped = mmap.mmap(file.fileno(), length, access=mmap.ACCESS_READ)
    content = np.frombuffer(mapped, np.uint8)
    checksums = tuple(index["checksums"])
    return Cache(
        path, tuple(names), tuple(counts), checksums, starts, index["skipped"], content, decode
    )


def _index(file: BinaryIO) -> tuple[dict[str, Any], int]:
    """The index, and how many bytes stand before it."""
    size = file.seek(0, os.SEEK_END)
    if size < _FOOTER.size:
        raise Damaged(f"it ends after {size} bytes")
    file.seek(size - _FOOTER.size)
    magic, length, digest = _FOOTER.unpack(file.read(_FOOTER.size))
    start = size - _FOOTER.size - length
    if magic != _MAGIC or start < 0:
        raise Damaged("it does not end as a cache of this version")
    file.seek(start)
    text = file.read(length)
    if hashlib.sha256(text).digest() != digest:
        raise Damaged("its index does not match its hash")
    try:
        index = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Damaged("its index is not JSON") from error
    if not _is_index(index):
        raise Damaged("its index lacks what it should hold")
    return dict(index), start


def _is_index(index: Any) -> bool:
    """Whether it has the fields that are written, whoever wrote it."""
    if not isinstance(index, dict) or set(index) != _FIELDS:
        return False
    names, counts, checksums = (index[one] for one in ("names", "counts", "checksums"))
    return (
        all(isinstance(one, list) and len(one) == len(names) for one in (names, counts, checksums))
        and all(type(count) is int and 0 <= count < _MOST_EVENTS for count in counts)
        and all(isinstance(one, str) for one in checksums)
        and isinstance(index["skipped"], dict)
        and any(counts)
    )
