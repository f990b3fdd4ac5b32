"""Files and folders: written so that a kill or a power cut leaves the old state or the new one
(POSIX: fsync, then rename), opened so that no link is followed, their faults told in words.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock

from harness.errors import ExitCode, HarnessError

_FULL = "free space or choose another --store, --out; a run goes on from its checkpoints"
_READ_ONLY = "make it writable for this user or choose another place: --store, --out"
_OTHER = "choose another place: --store, --out"
_HINTS = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EROFS: _READ_ONLY,
    errno.EACCES: _READ_ONLY,
    errno.EPERM: _READ_ONLY,
    errno.ENOTDIR: _OTHER,
    errno.EEXIST: _OTHER,
    errno.ENOENT: _OTHER,
    errno.EXDEV: "partial/ and nodes/ of a store must lie on one file system",
}
LARGEST_TEXT = 256 << 20  # bytes of a file that is read whole
_FOREIGN = re.compile(r"\(os error (\d+)\)|\bcode: (\d+), kind: ")  # as Rust prints them


@contextmanager
def os_errors(place: Path) -> Iterator[None]:
    """Turn a system error inside into a HarnessError: path, what the system says, what helps.

    An OSError, and what a library makes of one: safetensors writes by Rust and raises its own.
    """
    try:
        yield
    except HarnessError:
        raise
    except Exception as error:
        found = _system_error(error)
        if found is None:
            raise
        where = os.fsdecode(found.filename) if found.filename is not None else str(place)
        problem = found.strerror or str(found)
        raise HarnessError(where, problem, hint=remedy(found), code=ExitCode.RUN_FAILED) from error


def _system_error(error: Exception) -> OSError | None:
    if isinstance(error, OSError):
        return error
    said = _FOREIGN.search(str(error)) if type(error).__name__ == "SafetensorError" else None
    if said is None:
        return None
    number = int(said[1] or said[2])
    return OSError(number, os.strerror(number))


def remedy(error: OSError) -> str:
    """What helps against a system error; "" where nothing general does."""
    return _HINTS.get(error.errno or 0, "")


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write into that takes the place of `path` at the end, on disk and in one step; a
    fault inside leaves the old one.
    """
    draft = _draft(path)
    try:
        with _synced(draft) as file:
            yield file
        draft.replace(path)
    finally:
        discard(draft)
    sync_folder(path.parent)


def write_durably(path: Path, content: bytes) -> None:
    """Replace `path` by a file with this content; a reader sees all of it or the old one."""
    with replacing(path) as file:
        file.write(content)


def write_together(files: Mapping[Path, bytes]) -> None:
    """Replace each path by a file with its content, in their order, once all of them are on disk: a
    fault before that leaves every old file.
    """
    drafts = {path: _draft(path) for path in files}
    try:
        for path, draft in drafts.items():
            with _synced(draft) as file:
                file.write(files[path])
        for path, draft in drafts.items():
            draft.replace(path)
    finally:
        for draft in drafts.values():
            discard(draft)
    for folder in {path.parent for path in files}:
        sync_folder(folder)


def draft_of(name: str) -> str | None:
    """The name of the file that a draft of this name was to become; None for other names."""
    found = _DRAFT.fullmatch(name)
    return found[1] if found else None


_DRAFT = re.compile(r"\.(.+)\.[0-9a-f]{8}")


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}")


@contextmanager
def _synced(path: Path) -> Iterator[BinaryIO]:
    with path.open("xb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def appear(target: Path, fill: Callable[[Path], None]) -> None:
    """Have `fill(scratch)` fill a scratch folder that becomes `target` by a single rename.

    Where `target` is already, nothing is done; a second process that wants it waits. OSError where
    the disk fails.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(target.with_name(f".{target.name}.lock")):
        if target.is_dir():
            return  # another process was faster
        scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        try:
            fill(scratch)
            scratch.chmod(0o755)
            scratch.replace(target)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def make_folder(path: Path) -> None:
    """Create a folder (and its parents) so that it is still there after a power cut."""
    if not path.is_dir():
        path.mkdir(parents=True, exist_ok=True)
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems cannot sync a folder
            raise
    finally:
        os.close(handle)


class NotPlainError(OSError):
    """A link, folder, pipe or device where a plain file is expected."""

    def __init__(self, path: Path) -> None:
        super().__init__(errno.EINVAL, "not a plain file", str(path))


def open_plain(path: Path, *, links: bool = False) -> io.BufferedReader:
    """Open a file to read; raises NotPlainError for a pipe or device, and without `links` for a
    link; never blocks.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | (0 if links else os.O_NOFOLLOW)
    try:
        handle = os.open(path, flags)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise NotPlainError(path) from None
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise NotPlainError(path)
    return io.BufferedReader(io.FileIO(handle, "rb"))


def read_plain(path: Path, most: int = LARGEST_TEXT) -> bytes:
    """Content of a file that somebody else may have put there, at whatever a link leads to; raises
    OSError where it is none, NotPlainError for a pipe or device, EFBIG beyond `most` bytes.
    """
    with open_plain(path, links=True) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"more than {most:,} bytes", str(path))
    return content


def sha256_of(path: Path, *, sync: bool = False) -> tuple[str, int]:
    """SHA-256 and size of a file; with `sync` its bytes are on disk when this returns."""
    with open_plain(path) as file:
        checksum = hashlib.file_digest(file, "sha256").hexdigest()
        size = file.tell()
        if sync:
            os.fsync(file.fileno())
    return checksum, size


_FOREIGN_NAMES = {
    r"\.nfs[0-9a-f]+": "NFS keeps it until a process closes it",
    r"\.fuse_hidden[0-9a-f]+": "FUSE keeps it until a process closes it",
    r"\.smbdelete.*|\.__afs.*": "the file system keeps it until a process closes it",
    r"\._.*|\.DS_Store|\.AppleDouble": "macOS puts it there",
    r"Thumbs\.db|desktop\.ini": "Windows puts it there",
    r"@eaDir|\.snapshot|lost\+found": "the file system puts it there",
}


def foreign(name: str) -> str:
    """Who else leaves entries of this name in any folder, and why; "" for all other names. Such an
    entry is nobody's fault, and may vanish or come back at any time.
    """
    return next((why for form, why in _FOREIGN_NAMES.items() if re.fullmatch(form, name)), "")


@dataclass(frozen=True)
class Contents:
    """What lies below a folder: plain files by their POSIX path, folders, what is neither, and what
    is `foreign`.
    """

    files: dict[str, Path] = field(default_factory=dict)
    foreign: list[Path] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)
    odd: list[Path] = field(default_factory=list)  # links, sockets, devices: never followed


def contents(folder: Path, enters: Callable[[Path], bool] = lambda _: True) -> Contents:
    """All that lies below `folder`, sorted, links not followed, and no folder that it does not
    enter; raises OSError.
    """
    found = Contents()
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        found.folders.append(current)
        with os.scandir(current) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                path = Path(entry.path)
                if foreign(entry.name):
                    found.foreign.append(path)
                elif entry.is_dir(follow_symlinks=False):
                    waiting += [path] if enters(path) else []
                elif entry.is_file(follow_symlinks=False):
                    found.files[path.relative_to(folder).as_posix()] = path
                else:
                    found.odd.append(path)
    return found


def disk_bytes(path: Path) -> int:
    """Bytes of all files at or below a path; what vanishes meanwhile counts nothing."""
    if not path.is_dir() or path.is_symlink():
        return path.lstat().st_size if os.path.lexists(path) else 0
    sizes = 0
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                sizes += Path(folder, name).lstat().st_size
            except FileNotFoundError:
                continue
    return sizes


def discard(path: Path) -> None:
    """Remove what nobody needs; what cannot be removed stays, and `verify` lists it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)
