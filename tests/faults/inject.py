"""A disk that refuses: from some step on, every change below a folder is an error of the system.

A step is a call of Python that changes something on disk, or opens a file to write. What Rust and C
write is not seen here; `test_disk.py` fills real disks for that.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
GIVING_BACK = {"os.remove", "os.rmdir", "os.rename"}  # a full disk allows these, a read-only none
CHANGING = GIVING_BACK | {"os.mkdir", "os.truncate", "os.link", "os.symlink"}
HINTS = {errno.ENOSPC: "free space", errno.EROFS: "make it writable"}


@dataclass
class Disk:
    """What happens below `root`: `steps` names the calls seen; from number `healthy` on they fail
    with `number`, unless it is 0.
    """

    root: str
    number: int = 0
    healthy: int = 0
    steps: list[str] = field(default_factory=list)
    refused: int = 0

    def step(self, name: str, path: str) -> None:
        """Count a call, or refuse it."""
        if not path.startswith(f"{self.root}/") and path != self.root:
            return
        self.steps.append(f"{name} {path.removeprefix(self.root)}")
        spared = self.number == errno.ENOSPC and name in GIVING_BACK
        if self.number and len(self.steps) > self.healthy and not spared:
            self.refused += 1
            raise OSError(self.number, os.strerror(self.number), path)


_active: list[Disk] = []
_hooked: list[bool] = []


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if not _active:
        return
    if event == "open":
        path, _, flags = arguments
        if isinstance(flags, int) and flags & WRITING and isinstance(path, str | os.PathLike):
            _active[-1].step("open", os.fsdecode(path))
    elif event in CHANGING:
        path = arguments[0]
        if isinstance(path, str | bytes | os.PathLike):
            _active[-1].step(event, _absolute(os.fsdecode(path), arguments))


def _absolute(path: str, arguments: tuple[object, ...]) -> str:
    """shutil.rmtree removes by folder handles: the name alone says nothing then."""
    if path.startswith("/"):
        return path
    handles = [one for one in arguments[1:] if isinstance(one, int) and one >= 0]
    return f"{_behind(handles[-1])}/{path}" if handles else path


def _behind(handle: int) -> str:
    return str(Path(f"/proc/self/fd/{handle}").readlink())


@contextmanager
def disk(
    root: Path, number: int = 0, healthy: int = 0, *, kind: type[Disk] = Disk
) -> Iterator[Disk]:
    """Watch what is changed below `root`, and refuse it from step `healthy` on."""
    if not _hooked:
        sys.addaudithook(_hook)
        _hooked.append(True)
    fsync = os.fsync

    def synced(handle: int) -> None:
        here.step("fsync", _behind(handle))
        fsync(handle)

    here = kind(os.path.realpath(root), number, healthy)
    os.fsync = synced  # type: ignore[assignment]
    _active.append(here)
    try:
        yield here
    finally:
        _active.pop()
        os.fsync = fsync
