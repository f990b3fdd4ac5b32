"""One lock per node, held by the kernel: it ends with its process and needs no unlock command.

flock serves processes of one machine, and machines that share a file system which forwards it (NFS
v4, Lustre with `flock`). Where the file system has none this fails closed; a lock made of files
with an expiring lease would be a second implementation of `Lease` here.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from harness.errors import ExitCode, HarnessError
from harness.store.durable import remedy

POLL_S = 0.2  # how soon a waiting process notices that the node is free

Waiting = Callable[[str], None]
Lease = AbstractContextManager[None]


@contextmanager
def lease(path: Path, *, waiting: Waiting | None = None) -> Iterator[None]:
    """Hold the lock at `path`; `waiting(holder)` is called once when another process has it
    ("process 71 on lab3").

    Raises HarnessError (RUN_FAILED) when the file system cannot lock.
    """
    lock = _lock(path)
    try:
        try:
            lock.acquire(blocking=False)
        except Timeout:
            if waiting is not None:
                waiting(holder(path))
            lock.acquire(poll_interval=POLL_S)
    except OSError as error:
        raise _refusal(path, error) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def lease_if_free(path: Path) -> Iterator[bool]:
    """Hold the lock if nobody does; yields whether it is held."""
    lock = _lock(path)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        yield False
        return
    except OSError as error:
        raise _refusal(path, error) from error
    try:
        yield True
    finally:
        lock.release()


def holder(path: Path) -> str:
    """Who wrote itself into the lock last; meaningful only while the lock is held."""
    try:
        words = path.read_text(encoding="utf-8", errors="replace").split()
    except OSError:
        words = []
    return f"process {words[0]} on {words[1]}" if len(words) == 2 else "another process"


def _lock(path: Path) -> FileLock:
    return FileLock(path, fallback_to_soft=False, preserve_lock_file=True, on_acquired=_sign)


def _sign(handle: int) -> None:
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"{os.getpid()} {socket.gethostname()}\n".encode(), 0)


def _refusal(path: Path, error: OSError) -> HarnessError:
    return HarnessError(
        str(path),
        f"cannot lock: {error.strerror or error}",
        hint=remedy(error) or "the store must lie on a file system with locks (flock)",
        code=ExitCode.RUN_FAILED,
    )
