"""The pieces in which runs are carried: how they are written, found and read.

`runs-<id>.<n>-of-<N>` are the N pieces of one stream: a line with the length of the index, the
index as JSON, then the content of each file that it lists. The index has the size and the SHA-256
of every file, and `id` is the digest of the index, so nothing is taken that is not what was sent.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, TypeAdapter, ValidationError

from harness.errors import ExitCode, HarnessError
from harness.files import discard, open_plain, replacing
from harness.store.manifest import MANIFEST_NAME, FileName, FileRecord

FORMAT: Final = "harness-runs-1"
LARGEST_INDEX = 64 << 20  # bytes; that of ten thousand runs has some MB
BLOCK = 1 << 20
_PIECE = re.compile(r"runs-([0-9a-f]{16})\.([0-9]{1,6})-of-([0-9]{1,6})")
_HEAD = re.compile(rb"harness-runs ([0-9]{1,9})\n")
_MEMBER = re.compile(r"nodes/([0-9a-f]{64})/(.+)|partial/([0-9a-f]{64})/(record|checkpoints/.+)")
_FILE_NAME = TypeAdapter[str](FileName)


def _member(name: str) -> str:
    found = _MEMBER.fullmatch(name)
    if found is None:
        raise ValueError("is no file of a run")
    if (rest := found[2] or found[4]) != MANIFEST_NAME:
        _FILE_NAME.validate_python(rest)
    return name


class Index(BaseModel):
    """What the pieces hold, in their order."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    format: Literal["harness-runs-1"] = FORMAT
    files: Mapping[Annotated[str, AfterValidator(_member)], FileRecord]

    def runs(self, room: str) -> tuple[str, ...]:
        """Keys of the runs that are stored (`nodes`) or half-done (`partial`)."""
        parts = (name.split("/") for name in self.files)
        return tuple(dict.fromkeys(part[1] for part in parts if part[0] == room))


def compared(file: IO[bytes], name: str, record: FileRecord, hint: str) -> Iterator[bytes]:
    """The next bytes of `file`, as many as the record says; HarnessError where they are others."""
    checksum, left = hashlib.sha256(), record.bytes
    while left and (block := file.read(min(BLOCK, left))):
        checksum.update(block)
        left -= len(block)
        yield block
    if left or checksum.hexdigest() != record.sha256:
        problem = "ends too early" if left else "is not what its SHA-256 says"
        raise HarnessError(name, problem, hint=hint, code=ExitCode.RUN_FAILED)


def write(pieces: Iterable[Path], size: int, stream: Iterator[bytes]) -> None:
    """The stream in files of so many bytes; none of them stays where one cannot be written."""
    rest, written = b"", list[Path]()
    try:
        for path in pieces:
            written.append(path)
            with replacing(path) as file:
                room = size
                while room and (rest := rest or next(stream, b"")):
                    file.write(rest[:room])
                    room, rest = room - len(rest[:room]), rest[room:]
        next(stream, None)  # compares the last file
    except BaseException:
        for path in written:
            discard(path)
        raise


def sets_in(folder: Path) -> dict[str, list[Path | None]]:
    """`runs-<id>-<N>` → its pieces in their order, None for those that are not there."""
    found: dict[str, list[Path | None]] = {}
    for path in sorted(folder.iterdir()):
        if named := _PIECE.fullmatch(path.name):
            number, count = int(named[2]), int(named[3])
            if 1 <= number <= count:
                pieces = found.setdefault(f"{named[1]}-{count}", [None] * count)
                pieces[number - 1] = path
    return found


def missing(pieces: Iterable[Path | None]) -> str:
    """Numbers of the pieces that are not there."""
    return ", ".join(str(number) for number, path in enumerate(pieces, 1) if path is None)


class Joined(io.RawIOBase):
    """Files read one after the other, as if they were one."""

    def __init__(self, paths: Iterable[Path | None]) -> None:
        self._blocks = (block for path in paths if path is not None for block in _blocks(path))
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._rest = self._rest or next(self._blocks, b"")
        block, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(block)] = block
        return len(block)


def _blocks(path: Path) -> Iterator[bytes]:
    with open_plain(path) as file:
        while block := file.read(BLOCK):
            yield block


def read_index(stream: IO[bytes], name: str, folder: Path) -> Index:
    """The index at the beginning of a stream, which is the one that its name says."""
    where = str(folder / f"runs-{name[:16]}")
    head = _HEAD.fullmatch(stream.readline(32))
    if head is None or int(head[1]) > LARGEST_INDEX:
        raise HarnessError(where, "does not begin as an export", hint="copy the pieces again")
    text = stream.read(int(head[1]))
    if hashlib.sha256(text).hexdigest()[:16] != name[:16]:
        raise HarnessError(where, "was changed on its way", hint="copy the pieces again")
    try:
        return Index.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"]))[:200]
        raise HarnessError(where, f"{place}: {first['msg']}") from None
