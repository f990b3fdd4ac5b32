"""No escapes and no executed code: whatever is written outside a folder, or run, ends the test.

Python's own audit events say so, from inside the interpreter, for what Python does; what C does to
memory is not seen.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_CHANGING = ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.chmod")
_RUNNING = (
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "subprocess.Popen",
    "pickle.find_class",
    "ctypes.dlopen",
    "socket.connect",
    "urllib.Request",
)


class Escaped(BaseException):
    """Not an Exception, so that nothing on the way catches it."""


_allowed: list[str] = []
_hooked: list[bool] = []


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if not _allowed:
        return
    if event in _RUNNING:
        raise Escaped(f"{event} {arguments!r}"[:500])
    if event == "open":
        path, _, flags = arguments
        if isinstance(flags, int) and flags & _WRITING and isinstance(path, str | bytes):
            _require_inside(event, path)
    elif event in _CHANGING:
        for path in arguments[: 2 if event in ("os.rename", "os.link") else 1]:
            if isinstance(path, str | bytes | os.PathLike):
                _require_inside(event, path)


def _require_inside(event: str, path: str | bytes | os.PathLike[str]) -> None:
    text = os.fsdecode(path)
    if not text.startswith("/"):
        return  # by the handle of a folder, as shutil.rmtree does
    real = f"{os.path.realpath(Path(text).parent)}/{Path(text).name}"  # a last link is not followed
    if not f"{real}/".startswith(f"{_allowed[-1]}/"):
        raise Escaped(f"{event} {text}")


@contextmanager
def guarded(folder: Path) -> Iterator[None]:
    """Meanwhile nothing may be run, nor anything be written but below `folder`."""
    if not _hooked:
        sys.addaudithook(_hook)
        _hooked.append(True)
    _allowed.append(os.path.realpath(folder))
    try:
        yield
    finally:
        _allowed.pop()


@contextmanager
def cage() -> Iterator[Path]:
    """A guarded folder of its own, in memory where there is such a place."""
    where = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
    with tempfile.TemporaryDirectory(dir=where) as folder, guarded(Path(folder)):
        yield Path(folder)
