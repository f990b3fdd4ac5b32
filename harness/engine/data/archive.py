"""Unpack a published archive: the expected plain files of one folder, and nothing else. All of the
folder appears at once, or nothing does.
"""

from __future__ import annotations

import gzip
import lzma
import shutil
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO, Final, cast

from harness.engine.data.checksums import Layout
from harness.errors import HarnessError
from harness.files import appear

LARGEST_FILE: Final = 400_000_000  # bytes; the largest published batch has 155 million
LARGEST_HEADER: Final = 1_000_000  # bytes read at once, copies aside: names, comments of a member
LARGEST_WHOLE: Final = 1_000_000_000  # bytes unpacked; both CIFAR sets have about 180 million
MOST_MEMBERS: Final = 100  # of a CIFAR set
MOST_RECORDINGS: Final = 100_000
_BLOCK: Final = 1 << 20
_FOREIGN: Final = ("__MACOSX", ".DS_Store")  # what a Mac adds; passed over
_DAMAGE: Final = (  # what the readers of archives raise for bytes that no writer leaves
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    ValueError,
    LookupError,
    ArithmeticError,
    RuntimeError,  # an encryption, or as NotImplementedError a compression, of a .zip
)


def unpack(archive: Path, files: Layout, into: Path | None = None) -> Path:
    """Write the set's files from the .tar.gz `archive` into `files.folder` below `into` (None:
    beside it) and return that folder.

    Only plain files named `folder/file` are taken, under the sizes above, from a scratch folder
    that becomes the real one by a single rename: another process sees all of it or nothing. Any
    member that leaves the folder or is a link or device makes the whole archive an error, as does a
    missing file. The published archives hold a `readme.html` and, for CIFAR-100, `file.txt~` beside
    the batches; such files are passed over.
    """
    wanted = {f"{files.folder}/{file}": file for file in files.files}

    def write(scratch: Path) -> None:
        with (
            _Bounded(archive, "rb") as stream,
            tarfile.open(fileobj=cast(IO[bytes], stream), mode="r:") as tar,
        ):
            for count, member in enumerate(tar):
                _check_member(archive, member, files.folder, count)
                file = wanted.pop(member.name.removeprefix("./"), None)
                if file is None:
                    continue
                source = tar.extractfile(member)
                if source is None:
                    raise HarnessError(str(archive), f"{member.name} is no plain file")
                with source, (scratch / file).open("xb") as out:
                    shutil.copyfileobj(source, out, LARGEST_HEADER)
        if wanted:
            raise HarnessError(str(archive), f"lacks {', '.join(sorted(wanted))}")

    return _unpacked((into or archive.parent) / files.folder, archive, write, ".tar.gz")


def unzip(archive: Path, target: Path, *, folder: str, suffix: str, max_bytes: int) -> Path:
    """Write the files `folder/…/name.suffix` of the .zip `archive` into `target` and return it.

    `target` appears by one rename when all of it is there; where it is already, nothing is done.
    Any member that would lie outside `target`, is a link or a device, or that makes the whole
    larger than `max_bytes`, whatever the archive says of itself, makes it an error; so does a
    checksum of the archive's own that does not hold. Other plain files under `folder` are passed
    over.
    """
    too_large = f"unpacks to more than {max_bytes:,} bytes"

    def write(scratch: Path) -> None:
        left, written = max_bytes, 0
        with zipfile.ZipFile(archive) as opened:
            members = opened.infolist()
            if len(members) > MOST_RECORDINGS:
                raise _hostile(archive, f"has {len(members):,} members")
            if sum(member.file_size for member in members) > max_bytes:
                raise _hostile(archive, too_large)
            for member in members:
                inside = _inside(archive, member, folder)
                if inside is None or not inside.name.endswith(suffix):
                    continue
                place = scratch / inside
                place.parent.mkdir(parents=True, exist_ok=True)
                with opened.open(member) as source, place.open("xb") as out:
                    while block := source.read(_BLOCK):
                        left -= len(block)
                        if left < 0:
                            raise _hostile(archive, too_large)
                        out.write(block)
                written += 1
        if not written:
            raise _hostile(archive, f"holds no {folder}/…{suffix}")

    return _unpacked(target, archive, write, ".zip")


def _unpacked(target: Path, archive: Path, write: Callable[[Path], None], kind: str) -> Path:
    """`target`, filled by `write`; HarnessError where the archive, a `kind`, is not whole, and
    where the disk does not take it.
    """
    try:
        appear(target, write)
    except _DAMAGE as error:
        hint = "delete it and fetch it again"
        raise HarnessError(str(archive), f"not a whole {kind}: {error}", hint=hint) from error
    except OSError as error:
        hint = f"unpack it by hand, so that {target.name}/ lies in {target.parent}"
        raise HarnessError(str(archive), f"cannot be unpacked: {error}", hint=hint) from error
    return target


class _Bounded(gzip.GzipFile):
    """The unpacked stream, which ends in an error instead of filling memory or time: what an
    archive says of itself, such as the length of a name, is believed up to a bound.
    """

    def read(self, size: int | None = -1) -> bytes:
        if size is None or not 0 <= size <= LARGEST_HEADER:
            raise tarfile.ReadError(f"a member's header of {size} bytes")
        self._require(self.tell() + size)
        return super().read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        self._require(offset)
        return super().seek(offset, whence)

    def _require(self, place: int) -> None:
        if place > LARGEST_WHOLE:
            raise tarfile.ReadError(f"unpacks to more than {LARGEST_WHOLE:,} bytes")


def _check_member(archive: Path, member: tarfile.TarInfo, folder: str, count: int) -> None:
    """Refuse a member that no published archive has."""
    parts = member.name.removeprefix("./").split("/")
    if count >= MOST_MEMBERS:
        problem = f"has more than {MOST_MEMBERS} members"
    elif parts[0] != folder or ".." in parts or "\\" in member.name:
        problem = f"holds {member.name!r}, which lies outside {folder}/"
    elif not (member.isfile() or member.isdir()):
        problem = f"holds {member.name!r}, which is neither a file nor a folder"
    elif not 0 <= member.size <= LARGEST_FILE:
        problem = f"holds {member.name!r} of {member.size:,} bytes"
    else:
        return
    raise _hostile(archive, problem)


def _inside(archive: Path, member: zipfile.ZipInfo, folder: str) -> PurePosixPath | None:
    """Where a member belongs under the target; None for folders and for what a Mac added."""
    path = PurePosixPath(member.filename)
    no_name = f"holds {member.filename!r}, no name of a recording"
    outside = f"holds {member.filename!r}, which lies outside {folder}/"
    if not path.parts:
        raise _hostile(archive, no_name)
    if path.is_absolute() or ".." in path.parts or "\\" in member.orig_filename:
        raise _hostile(archive, outside)
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _hostile(archive, f"holds {member.filename!r}, which is neither a file nor a folder")
    if member.is_dir() or any(part in _FOREIGN for part in path.parts):
        return None
    if path.parts[0] != folder or len(path.parts) < 2:
        raise _hostile(archive, outside)
    if any(":" in part or part.startswith(".") for part in path.parts):
        raise _hostile(archive, no_name)
    return path.relative_to(folder)


def _hostile(archive: Path, problem: str) -> HarnessError:
    return HarnessError(
        str(archive), problem, hint="it is not the published archive; delete it and fetch it again"
    )
