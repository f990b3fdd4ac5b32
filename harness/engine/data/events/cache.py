"""Recordings decoded once: one memory-mapped file of 8 bytes per event, checked when it is opened.

The file: the events of all recordings, one after the other; an index in JSON; a footer of 48 bytes
with the length and the SHA-256 of the index, which holds the SHA-256 of the events.

Legend: R = recordings, N = events of one, A = of all.
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

from harness.engine.data.events.event import Events
from harness.engine.data.events.recording import Recording
from harness.errors import HarnessError

_log = logging.getLogger(__name__)

PACKED: Final = np.dtype(
    {
        "names": ["x", "y", "t", "p"],
        "formats": ["u1", "u1", "<u4", "u1"],
        "offsets": [4, 5, 0, 6],
        "itemsize": 8,
    }
)  # t in µs since the recording's first event
_FOOTER: Final = struct.Struct("<8sQ32s")
_MAGIC: Final = b"EVENTS 1"
_BLOCK: Final = 1 << 22


class Damaged(Exception):
    """Why a file is not the cache that was asked for."""


@dataclass(frozen=True, slots=True)
class Cache:
    """The recordings of a file that was found whole."""

    names: tuple[str, ...]
    skipped: dict[str, int]  # records left out when they were decoded, by reason
    starts: tuple[int, ...]  # [R + 1], the first event of each recording
    events: Events  # [A] of PACKED, read-only, in memory as far as it was touched

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, number: int) -> Events:
        """One recording's events [N], not copied; t counts from its first event."""
        return self.events[self.starts[number] : self.starts[number + 1]]


def cached(
    path: Path,
    identity: str,
    names: Sequence[str],
    decode: Callable[[str], Recording],
) -> Cache:
    """The cache at `path`, built by `decode` of each name when it is missing, damaged or another's.

    `identity` says what the recordings are made from (checksums, format, settings): a file with
    another identity or other names is built anew, and so is one of which any bit has changed, with
    a warning that says why. Published by one rename, so that a reader finds a whole file or none; a
    second process that wants the same waits. Raises HarnessError where `decode` does or the disk
    fails.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f".{path.name}.lock")):
            if path.exists():
                try:
                    return _opened(path, identity, names)
                except Damaged as damage:
                    _log.warning("%s is decoded again: %s", path, damage)
            _publish(path, identity, names, map(decode, names))
            try:
                return _opened(path, identity, names)
            except Damaged as damage:
                raise HarnessError(
                    str(path), f"was written and is damaged: {damage}", hint="check the disk"
                ) from damage
    except OSError as error:
        raise HarnessError(str(path), f"cannot be written: {error}") from error


def packed(name: str, events: Events) -> Events:
    """Events of a recording as they are kept; HarnessError for what 8 bytes cannot say."""
    result = np.zeros(len(events), PACKED)
    first = events["t"][0] if len(events) else 0
    for field, column in (("x", events["x"]), ("y", events["y"]), ("t", events["t"] - first)):
        if len(column) and not 0 <= column.min() <= column.max() <= np.iinfo(PACKED[field]).max:
            raise HarnessError(name, f"{field} reaches {column.max():,}, beyond {PACKED[field]}")
        result[field] = column
    result["p"] = events["p"]
    return result


def _publish(
    path: Path, identity: str, names: Sequence[str], recordings: Iterable[Recording]
) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            _write(file, identity, names, recordings)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _write(
    file: BinaryIO, identity: str, names: Sequence[str], recordings: Iterable[Recording]
) -> None:
    digest = hashlib.sha256()
    skipped: dict[str, int] = {}
    starts = [0]
    for name, one in zip(names, recordings, strict=True):
        content = packed(name, one.events).tobytes()
        file.write(content)
        digest.update(content)
        starts.append(starts[-1] + len(one.events))
        for why, count in one.skipped.items():
            skipped[why] = skipped.get(why, 0) + count
    if not starts[-1]:
        raise HarnessError("event cache", "no recordings, or none with events")
    index = {
        "identity": identity,
        "names": list(names),
        "starts": starts,
        "skipped": skipped,
        "sha256": digest.hexdigest(),
    }
    text = json.dumps(index).encode()
    file.write(text + _FOOTER.pack(_MAGIC, len(text), hashlib.sha256(text).digest()))


def _opened(path: Path, identity: str, names: Sequence[str]) -> Cache:
    with path.open("rb") as file:
        index = _index(file)
        if index["identity"] != identity or index["names"] != list(names):
            raise Damaged("it was made from other recordings, or otherwise")
        starts = index["starts"]
        bytes_in_all = starts[-1] * PACKED.itemsize
        _require_digest(file, bytes_in_all, index["sha256"])
        # numpy's own memory map makes every slice a memmap, which costs as much as a small read
        mapped = mmap.mmap(file.fileno(), bytes_in_all, access=mmap.ACCESS_READ)
    return Cache(tuple(names), index["skipped"], tuple(starts), np.frombuffer(mapped, PACKED))


def _index(file: BinaryIO) -> dict[str, Any]:
    size = file.seek(0, os.SEEK_END)
    if size < _FOOTER.size:
        raise Damaged(f"it ends after {size} bytes")
    file.seek(size - _FOOTER.size)
    magic, length, digest = _FOOTER.unpack(file.read(_FOOTER.size))
    if magic != _MAGIC or length > size - _FOOTER.size:
        raise Damaged("it does not end as a cache of this version")
    file.seek(size - _FOOTER.size - length)
    text = file.read(length)
    if hashlib.sha256(text).digest() != digest:
        raise Damaged("its index does not match its hash")
    index: dict[str, Any] = json.loads(text)
    if index["starts"][-1] * PACKED.itemsize + length + _FOOTER.size != size:
        raise Damaged(f"it has {size:,} bytes, which its index does not")
    return index


def _require_digest(file: BinaryIO, length: int, expected: str) -> None:
    digest = hashlib.sha256()
    file.seek(0)
    while length:
        block = file.read(min(_BLOCK, length))
        digest.update(block)
        length -= len(block)
        if not block:
            break
    if digest.hexdigest() != expected:
        raise Damaged("its events do not match their hash")
