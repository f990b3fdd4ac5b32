"""Result files, whole or not at all: first everything is staged beside its place, then renamed.

Writers of one folder go one after the other, by a lock of the folder that ends with its process. So
a draft that lies there belongs to a writer that died, or whose disk let nothing be removed.
"""

from __future__ import annotations

import errno
import fcntl
import io
import os
import zipfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from harness.files import discard, draft_of, make_folder, os_errors, read_plain, write_together
from harness.store.locks import NO_FLOCK

_NO_LOCK = NO_FLOCK | {errno.EBADF, errno.EISDIR}  # NFS takes a lock on a folder for one on a file

EPOCH = (1980, 1, 1, 0, 0, 0)  # the first time that ZIP knows: there is no clock in an archive
PLAIN_FILE = 0o100644 << 16


def publish(folder: Path, files: Mapping[str, bytes | None]) -> None:
    """Put `files` (path below `folder` → content) in place, in their order; equal ones stay, and
    one without content is removed.

    A fault or a kill while staging leaves every old file as it was.

    Raises:
        HarnessError: the disk refuses, with the path.
    """
    with os_errors(folder):
        make_folder(folder)
        with _alone(folder) as alone:
            if alone:
                _sweep([folder / name for name in files])
            new = {
                folder / name: content
                for name, content in files.items()
                if content is not None and not _is_there(folder / name, content)
            }
            for target in new:
                make_folder(target.parent)
            write_together(new)
            for name in (name for name, content in files.items() if content is None):
                (folder / name).unlink(missing_ok=True)


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Wait until no other writer is in the folder; False where its file system cannot tell."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield _locked(handle)
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno not in _NO_LOCK:
            raise
        return False
    return True


def _sweep(targets: Collection[Path]) -> None:
    """Remove the drafts of these files."""
    wanted = {*targets}
    for folder in {target.parent for target in targets}:
        for path in folder.iterdir() if folder.is_dir() else ():
            whole = draft_of(path.name)
            if whole is not None and path.with_name(whole) in wanted:
                discard(path)


def _is_there(target: Path, content: bytes) -> bool:
    try:
        return target.stat().st_size == len(content) and read_plain(target) == content
    except OSError:
        return False


def archive(files: Mapping[str, bytes]) -> bytes:
    """`files` (path → content) as a ZIP archive, in the order of their paths."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as into:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, date_time=EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # POSIX, wherever it is made
            entry.external_attr = PLAIN_FILE
            into.writestr(entry, files[name], compresslevel=9)
    return made.getvalue()
