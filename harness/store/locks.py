"""One process per node, by two locks, because a holder can be lost in two ways.

`<key>.lock` is held by the kernel (flock): it ends with its process, however that ends, and needs
no unlock command. Machines that share a file system which forwards it (NFS 4, Lustre mounted with
`flock`) exclude each other by it too, and the server frees what a dead machine held. Elsewhere it
reaches only one machine, without anybody noticing, or is not there at all.

`<key>.lease` therefore names the holder (machine, boot, process) and is touched every BEAT_S
seconds. Another machine takes it over when it has seen no touch for LEASE_S seconds of its own
monotonic clock, so no wall clock that jumps, and no difference between two, can free a node; on the
holder's own machine a process that is gone is recognised at once.

What a lease cannot do is stop a machine that was only silent (suspended, cut off) from going on.
Two then run one node for a while, and that does no harm: each attempt has its own folder, a
checkpoint is replaced whole and is the same whoever wrote it, the first to publish wins, and the
one that lost its lease is told so.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from filelock import BaseFileLock, FileLock, LeaseSettingsMismatch, SoftFileLease, Timeout

from harness.errors import ExitCode, HarnessError
from harness.files import remedy

POLL_S = 0.2  # how soon a waiting process notices that the node is free
BEAT_S = 20.0
LEASE_S = 180.0  # thrice the longest that an NFS client shows old times of a file (acregmax)
NO_FLOCK = frozenset({errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP})

Waiting = Callable[[str], None]
Lease = AbstractContextManager[None]


@contextmanager
def lease(path: Path, *, waiting: Waiting | None = None) -> Iterator[None]:
    """Hold the node whose lock lies at `path`; `waiting(holder)` is called once when another
    process has it ("process 71 on lab3").

    Raises HarnessError (RUN_FAILED) when the file system takes no lock, and instead of an error
    inside when another machine has meanwhile taken the node over.
    """
    told: list[str] = []

    def waits() -> None:
        if waiting is not None and not told:
            told.append(holder(path))
            waiting(told[0])

    with ExitStack() as held:
        claim = _lease(path)
        _take(path, claim, held, waits)
        try:
            yield
        except (HarnessError, OSError) as error:
            if claim.compromise is not None:
                silent = f"this process was silent for {LEASE_S:.0f} s or more"
                problem = f"{holder(path)} took the node over, {silent}"
                hint = "the same command waits for the result of the other"
                code = ExitCode.RUN_FAILED
                raise HarnessError(str(path), problem, hint=hint, code=code) from error
            raise


@contextmanager
def lease_if_free(path: Path) -> Iterator[bool]:
    """Hold the lock if nobody does; yields whether it is held."""
    with ExitStack() as held:
        try:
            _take(path, _lease(path), held, None)
        except Timeout:
            yield False
        else:
            yield True


def holder(path: Path) -> str:
    """Who holds the node whose lock lies at `path`, as far as it can be read."""
    owner = _lease(path).owner
    if owner is None:
        return "another process"
    return f"process {owner.pid} on {owner.hostname.partition('?')[0]}"


def _take(
    path: Path, claim: SoftFileLease, held: ExitStack, waits: Callable[[], None] | None
) -> None:
    """Take both locks, the kernel's first; Timeout when one is taken and `waits` is None."""
    kernel = FileLock(path, fallback_to_soft=False, preserve_lock_file=True)
    locks: tuple[BaseFileLock, ...] = (kernel, claim)
    for lock in locks:
        try:
            if lock is claim and kernel.is_locked and claim.is_lock_held_by_us:
                claim.force_break()  # left of a lease that the disk did not let go
            try:
                lock.acquire(blocking=False)
            except Timeout:
                if waits is None:
                    raise
                waits()
                lock.acquire(poll_interval=POLL_S)
        except (OSError, LeaseSettingsMismatch) as error:
            if isinstance(error, Timeout):
                raise
            if lock is kernel and getattr(error, "errno", None) in NO_FLOCK:
                continue
            raise _refusal(path, error) from error
        held.callback(lock.release)


def _lease(path: Path) -> SoftFileLease:
    place = path.with_suffix(".lease")
    return SoftFileLease(place, lease_duration=LEASE_S, heartbeat_interval=BEAT_S)


def _refusal(path: Path, error: Exception) -> HarnessError:
    system = error if isinstance(error, OSError) else None
    said = (system.strerror if system else None) or str(error)
    hint = remedy(system) if system else "another version of the harness holds it"
    return HarnessError(str(path), f"cannot lock: {said}", hint=hint, code=ExitCode.RUN_FAILED)
