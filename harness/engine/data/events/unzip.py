"""Unpack a published .zip of recordings: plain files under one folder, and nothing else."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path, PurePosixPath
from typing import Final

from harness.engine.data.appear import appear
from harness.errors import HarnessError

MOST_MEMBERS: Final = 100_000
_BLOCK: Final = 1 << 20
_FOREIGN: Final = ("__MACOSX", ".DS_Store")  # what a Mac adds; passed over


def unzip(archive: Path, target: Path, *, folder: str, suffix: str, max_bytes: int) -> Path:
    """Write the files `folder/…/name.suffix` of `archive` into `target` and return it.

    `target` appears by one rename when all of it is there; where it is already, nothing is done.
    Any member that would lie outside `target`, is a link or a device, or that makes the whole
    larger than `max_bytes`, whatever the archive says of itself, makes it an error; so does a
    checksum of the archive's own that does not hold. Other plain files under `folder` are passed
    over.
    """

    def write(scratch: Path) -> None:
        with zipfile.ZipFile(archive) as opened:
            _write(archive, opened, scratch, folder, suffix, max_bytes)

    # the last two: a compression or an encryption that zipfile cannot undo
    damage = (zipfile.BadZipFile, NotImplementedError, RuntimeError)
    appear(target, archive, write, kind=".zip", damage=damage)
    return target


def _write(
    archive: Path,
    opened: zipfile.ZipFile,
    scratch: Path,
    folder: str,
    suffix: str,
    max_bytes: int,
) -> None:
    members = opened.infolist()
    if len(members) > MOST_MEMBERS:
        raise _hostile(archive, f"has {len(members):,} members")
    if sum(member.file_size for member in members) > max_bytes:
        raise _hostile(archive, f"unpacks to more than {max_bytes:,} bytes")
    left, written = max_bytes, 0
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
                    raise _hostile(archive, f"unpacks to more than {max_bytes:,} bytes")
                out.write(block)
        written += 1
    if not written:
        raise _hostile(archive, f"holds no {folder}/…{suffix}")


def _inside(archive: Path, member: zipfile.ZipInfo, folder: str) -> PurePosixPath | None:
    """Where a member belongs under the target; None for folders and for what a Mac added."""
    path = PurePosixPath(member.filename)
    if not path.parts:
        raise _hostile(archive, f"holds {member.filename!r}, no name of a recording")
    if path.is_absolute() or ".." in path.parts or "\\" in member.orig_filename:
        raise _hostile(archive, f"holds {member.filename!r}, which lies outside {folder}/")
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _hostile(archive, f"holds {member.filename!r}, which is neither a file nor a folder")
    if member.is_dir() or any(part in _FOREIGN for part in path.parts):
        return None
    if path.parts[0] != folder or len(path.parts) < 2:
        raise _hostile(archive, f"holds {member.filename!r}, which lies outside {folder}/")
    if any(":" in part or part.startswith(".") for part in path.parts):
        raise _hostile(archive, f"holds {member.filename!r}, no name of a recording")
    return path.relative_to(folder)


def _hostile(archive: Path, problem: str) -> HarnessError:
    return HarnessError(
        str(archive), problem, hint="it is not the published archive; delete it and fetch it again"
    )
