"""The archive in which runs, and the study that asks for them, are carried: how it is written,
found and read.

It is a ZIP file, or such a file in pieces `NAME.<id>.<n>-of-<N>`. Its first member `contents.json`
has the size and the SHA-256 of every other; `id` is the digest of that member. All others lie below
`study/`, as in the folder of a study with its store. Nothing in it is compressed: weights hardly
can be, equal content gives equal bytes whichever zlib is there, and no member can grow.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import secrets
import struct
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, TypeAdapter, ValidationError

from harness.errors import ExitCode, HarnessError
from harness.files import discard, make_folder, open_plain, sync_folder
from harness.store.manifest import MANIFEST_NAME, FileName, FileRecord

FORMAT: Final = "harness-pack-1"
CONTENTS, ROOT = "contents.json", "study/"
LARGEST_INDEX = 64 << 20  # bytes; that of ten thousand runs has some MB
BLOCK = 1 << 20
EPOCH = (1980, 1, 1, 0, 0, 0)  # the first time that ZIP knows: there is no clock in an archive
PLAIN_FILE = 0o100644 << 16
_END = b"PK\x05\x06"  # of the last 22 bytes of an archive that has no comment
_PIECE = re.compile(r"(.+)\.([0-9a-f]{16})\.([0-9]{1,6})-of-([0-9]{1,6})", re.DOTALL)
_RUN = re.compile(
    r"store/nodes/([0-9a-f]{2})/(?P<node>\1[0-9a-f]{62})/(?P<file>.+)"
    r"|store/partial/(?P<partial>[0-9a-f]{64})/(?:identity\.json|checkpoints/(?P<state>.+))"
)
_FILE_NAME = TypeAdapter[str](FileName)


def _member(name: str) -> str:
    if name.startswith("store/") and name != "store/format":
        found = _RUN.fullmatch(name)
        if found is None:
            raise ValueError("is no file of a run")
        rest = found["file"] or found["state"] or MANIFEST_NAME
    else:
        rest = name
        if any(part.startswith(".") for part in name.split("/")):
            raise ValueError("is hidden")
    if rest != MANIFEST_NAME:
        _FILE_NAME.validate_python(rest)
    return name


class Index(BaseModel):
    """What the archive holds, in its order."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    format: Literal["harness-pack-1"] = FORMAT
    files: Mapping[Annotated[str, AfterValidator(_member)], FileRecord]

    def runs(self, room: Literal["node", "partial"]) -> tuple[str, ...]:
        """Keys of the runs that are stored or half-done."""
        found = map(_RUN.fullmatch, self.files)
        return tuple(dict.fromkeys(one[room] for one in found if one and one[room]))

    @property
    def study(self) -> tuple[str, ...]:
        """Its files, without those of the store."""
        return tuple(name for name in self.files if not name.startswith("store/"))


def index_of(records: Mapping[str, FileRecord], where: str) -> Index:
    """The index of these files.

    Raises:
        HarnessError: a name that an archive cannot have.
    """
    return _index(lambda: Index(files=records), where)


def _index(make: Any, where: str) -> Index:
    try:
        found: Index = make()
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"]))[:200]
        raise HarnessError(where, f"{place}: {first['msg']}") from None
    return found


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


@contextmanager
def writing(target: Path, index: Index, size: int | None) -> Iterator[tuple[Any, list[Path]]]:
    """A function (member, its blocks) that writes a member, and the list that at the end has the
    paths of the archive, or of its pieces of at most `size` bytes; none of them is there if
    anything goes wrong.
    """
    scratch = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    text = index.model_dump_json().encode()
    written: list[Path] = []
    make_folder(scratch)
    try:
        with _Split(scratch, size) as out, zipfile.ZipFile(out, "w") as archive:

            def put(name: str, blocks: Iterator[bytes], length: int) -> None:
                entry = zipfile.ZipInfo(name, EPOCH)
                entry.create_system, entry.external_attr = 3, PLAIN_FILE  # POSIX, wherever made
                entry.file_size = length
                with archive.open(entry, "w") as file:
                    for block in blocks:
                        file.write(block)

            put(CONTENTS, iter([text]), len(text))
            yield lambda name, blocks: put(ROOT + name, blocks, index.files[name].bytes), written
        count, width = out.number, len(str(out.number))
        names = [f"{target.name}.{_id(text)}.{n:0{width}d}-of-{count}" for n in range(1, count + 1)]
        paths = [target.with_name(name) for name in names] if size else [target]
        for number, path in enumerate(paths, 1):
            (scratch / str(number)).replace(path)
        sync_folder(target.parent)
        written += paths
    finally:
        discard(scratch)


def _id(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()[:16]


class _Split(io.RawIOBase):
    """A stream into the files 1, 2, … of a folder, each of at most so many bytes and on disk when
    the next begins.
    """

    def __init__(self, folder: Path, size: int | None) -> None:
        self._folder, self._size = folder, size
        self.number, self._room = 0, 0
        self._file: IO[bytes] | None = None

    def writable(self) -> bool:
        return True

    def write(self, block: Any) -> int:
        rest = memoryview(block)
        while rest:
            if self._file is None or (self._size and not self._room):
                self._end()
                self.number, self._room = self.number + 1, self._size or 0
                self._file = (self._folder / str(self.number)).open("xb")
            part = rest[: self._room] if self._size else rest
            self._file.write(part)
            self._room, rest = self._room - len(part), rest[len(part) :]
        return len(block)

    def _end(self) -> None:
        if self._file is not None:
            with self._file as file:
                file.flush()
                os.fsync(file.fileno())

    def close(self) -> None:
        self._end()
        super().close()


def is_piece(path: Path) -> bool:
    """Whether a file is an archive, or a piece of one."""
    if _PIECE.fullmatch(path.name):
        return True
    with open_plain(path) as file:
        return file.read(30 + len(CONTENTS))[30:] == CONTENTS.encode()  # a local header, its name


Paths = Sequence[Path | None]
"""The pieces of an archive in their order, None for those that are not there."""


def archives_at(target: Path) -> dict[str, Paths]:
    """What stands at this name, which may be that of a piece: the archive, as "", and those in
    pieces, by id and count.
    """
    if one := _PIECE.fullmatch(target.name):
        target = target.with_name(one[1])
    found: dict[str, list[Path | None]] = {"": [target]} if os.path.lexists(target) else {}
    for path in sorted(target.parent.iterdir()) if target.parent.is_dir() else ():
        named = _PIECE.fullmatch(path.name)
        if named and named[1] == target.name and 1 <= int(named[3]) <= int(named[4]):
            pieces = found.setdefault(f"{named[2]}-{named[4]}", [None] * int(named[4]))
            pieces[int(named[3]) - 1] = path
    return dict(found)


def missing(pieces: Paths) -> str:
    """Numbers of the pieces that are not there."""
    return ", ".join(str(number) for number, path in enumerate(pieces, 1) if path is None)


class Archive:
    """An archive that is read; whatever is wrong with it is a HarnessError that names `where`."""

    def __init__(self, archive: zipfile.ZipFile, where: str, index: Index) -> None:
        self._archive, self.where, self.index = archive, where, index

    def blocks(self, name: str) -> Iterator[bytes]:
        """The content of a member, compared with what the index says of it."""
        hint = "copy it again"
        with _faults(self.where), self._archive.open(ROOT + name) as file:
            yield from compared(file, f"{self.where}: {name}", self.index.files[name], hint)


@contextmanager
def reading(target: Path, name: str, paths: Paths) -> Iterator[Archive]:
    """One of `archives_at` a target, its list of members compared with its index."""
    where = str(target)
    with _Joined(paths) as joined, io.BufferedReader(joined, BLOCK) as stream, _faults(where):
        size = stream.seek(0, io.SEEK_END)
        stream.seek(max(0, size - 22))
        if stream.read(4) != _END:
            raise HarnessError(where, "is no archive of harness pack, or is not whole")
        with zipfile.ZipFile(stream) as archive:
            index = _read_index(archive, where)
            if name and name[:16] != _id(archive.read(CONTENTS)):
                raise HarnessError(where, "was changed on its way", hint="copy the pieces again")
            if sum(one.bytes for one in index.files.values()) > size:
                raise HarnessError(where, "says that it holds more than it has bytes")
            yield Archive(archive, where, index)


def _read_index(archive: zipfile.ZipFile, where: str) -> Index:
    entries = archive.infolist()
    if not entries or entries[0].filename != CONTENTS or entries[0].file_size > LARGEST_INDEX:
        raise HarnessError(where, "is no archive of harness pack")
    if odd := [one.filename for one in entries if one.compress_type or one.flag_bits & 1]:
        raise HarnessError(where, f"{odd[0][:200]!r} is compressed or encrypted")
    text = archive.read(CONTENTS)
    index = _index(lambda: Index.model_validate_json(text), where)
    if [one.filename for one in entries[1:]] != [ROOT + name for name in index.files]:
        raise HarnessError(where, f"its members are not those of its {CONTENTS}")
    return index


_UNREADABLE = (
    zipfile.BadZipFile,
    struct.error,
    EOFError,
    KeyError,
    ValueError,
    RuntimeError,  # of a method or a version that it does not know, too
    OverflowError,
)


@contextmanager
def _faults(where: str) -> Iterator[None]:
    """What zipfile raises of an archive that somebody made by hand, or that was cut."""
    try:
        yield
    except (
        zipfile.BadZipFile,
        struct.error,
        EOFError,
        KeyError,
        ValueError,
        RuntimeError,
    ) as error:
        problem = f"is no archive that can be read: {error}"
        raise HarnessError(where, problem, hint="copy it again") from error


class _Joined(io.RawIOBase):
    """Files read one after the other, as if they were one."""

    def __init__(self, paths: Paths) -> None:
        self._files = [open_plain(path) for path in paths if path is not None]
        self._sizes = [os.fstat(file.fileno()).st_size for file in self._files]
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: sum(self._sizes)}[whence]
        if base + offset < 0:
            raise ValueError("before the beginning")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        start = 0
        for file, size in zip(self._files, self._sizes, strict=True):
            if start <= self._at < start + size:
                file.seek(self._at - start)
                count = file.readinto(memoryview(buffer)[: start + size - self._at])
                self._at += count
                return count
            start += size
        return 0

    def close(self) -> None:
        for file in self._files:
            file.close()
        super().close()
