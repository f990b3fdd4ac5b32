"""Unpack a published .tar.gz: the expected files of one folder, and nothing else."""

from __future__ import annotations

import gzip
import shutil
import tarfile
from pathlib import Path
from typing import IO, cast

from harness.engine.data.appear import appear
from harness.engine.data.checksums import Layout
from harness.errors import HarnessError

LARGEST_FILE = 400_000_000  # bytes; the largest published batch has 155 million
LARGEST_HEADER = 1_000_000  # bytes read at once, copies aside: names and comments of a member
LARGEST_WHOLE = 1_000_000_000  # bytes unpacked; both published sets have about 180 million
MOST_MEMBERS = 100


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


def unpack(archive: Path, files: Layout, into: Path | None = None) -> Path:
    """Write the set's files from `archive` into `files.folder` below `into` (None: beside it) and
    return that folder.

    Only plain files named `folder/file` are taken, under the sizes above, from a scratch folder
    that becomes the real one by a single rename: another process sees all of it or nothing. Any
    member that leaves the folder or is a link or device makes the whole archive an error, as does a
    missing file. The published archives hold a `readme.html` and, for CIFAR-100, `file.txt~` beside
    the batches; such files are passed over.
    """
    target = (into or archive.parent) / files.folder
    appear(
        target,
        archive,
        lambda scratch: _write_members(archive, files, scratch),
        kind=".tar.gz",
        damage=(tarfile.TarError,),
    )
    return target


def _write_members(archive: Path, files: Layout, scratch: Path) -> None:
    wanted = {f"{files.folder}/{file}": file for file in files.files}
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
    raise HarnessError(
        str(archive), problem, hint="it is not the published archive; delete it and fetch it again"
    )
