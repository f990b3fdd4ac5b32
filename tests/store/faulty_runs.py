"""A program for test_publish: runs of a node that are cut off, or race, in forked children.

    python faulty_runs.py kill|full|limit FOLDER     one store below FOLDER for each step
    python faulty_runs.py race|lease FOLDER          eight processes at one store

A step is a call that changes something on disk, or opens a file below FOLDER to write. Forks come
from this small process rather than from the one that runs the tests, which may have threads.
"""

from __future__ import annotations

import errno
import os
import resource
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from harness.files import os_errors
from harness.plan.node import Node
from harness.store.manifest import FileRecord, Manifest, Provenance, describe
from harness.store.publish import Partial, publish_folder
from harness.store.store import Store
from tests.forked import ended, fork

IDENTITY = Node.of("train", 1, {"epochs": 3}, {})
WORKERS = 8
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
CHANGING = {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.truncate"}


def provenance(worker: int = 0) -> Provenance:
    return Provenance(datetime(2026, 1, 1, tzinfo=UTC), wall_s=float(worker))


def run(store: Store, worker: int = 0) -> Manifest:
    """What an executor does with one node."""
    with store.lease(IDENTITY.key):
        found = store.claim(IDENTITY)
        if isinstance(found, Manifest):
            return found
        with os_errors(found.files):
            work(store, found, worker)
        return store.publish(IDENTITY, found, provenance(worker))


def work(store: Store, partial: Partial, worker: int) -> None:
    """Checkpoint, log and artifacts; and a note beside the store of who did it."""
    (store.root.parent / f"{store.root.name}.ran-{worker}").touch()
    store.log_path(IDENTITY.key).write_text("epoch 3\n")
    (partial.checkpoints / "epoch3.bin").write_bytes(b"state")
    (partial.files / "sub").mkdir()
    (partial.files / "weights.bin").write_bytes(b"weights" * 100)
    (partial.files / "sub" / "loss.json").write_bytes(b"[1, 2]")


def arm(step: int, root: Path, act: Callable[[], None]) -> None:
    """Call `act` in front of the step with this number."""
    steps = iter(range(10**9))
    real_fsync = os.fsync

    def tick() -> None:
        if next(steps) == step:
            act()

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event in CHANGING or (event == "open" and opens_to_write(arguments, root)):
            tick()

    def fsync(handle: int) -> None:
        tick()
        real_fsync(handle)

    sys.addaudithook(hook)
    os.fsync = fsync  # type: ignore[assignment]


def opens_to_write(arguments: tuple[object, ...], root: Path) -> bool:
    path, _, flags = arguments
    return isinstance(flags, int) and bool(flags & WRITING) and str(path).startswith(f"{root}/")


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def full() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/the/store")


def cut_off(mode: str, folder: Path) -> None:
    """Cut off at step 0, 1, 2, … until a run gets through, each in a store of its own."""
    for step in range(1000):
        root = folder / f"{step:03d}"

        def body(step: int = step, root: Path = root) -> None:
            arm(step, root, kill if mode == "kill" else full)
            run(Store(root))

        code = ended(fork(body, folder / f"{step:03d}.error"))
        (folder / f"{step:03d}.code").write_text(str(code))
        reached = code == -signal.SIGKILL if mode == "kill" else step < ENOUGH_STEPS
        if not reached:
            return


ENOUGH_STEPS = 80  # a swallowed error looks like success, so count instead of waiting for one


def limit(folder: Path) -> None:
    """A file that may not grow past 300 bytes: the manifest breaks in the middle of a write."""

    def body() -> None:
        store = Store(folder / "000")
        with store.lease(IDENTITY.key):
            found = store.claim(IDENTITY)
            assert not isinstance(found, Manifest)
            (found.checkpoints / "epoch3.bin").write_bytes(b"state")
            resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))
            store.publish(IDENTITY, found, provenance())

    code = ended(fork(body, folder / "000.error"))
    (folder / "000.code").write_text(str(code))


def together(folder: Path, body: Callable[[int], float]) -> None:
    """Start eight children at the same moment; each notes whose run its answer is."""
    read, write = os.pipe()
    children = []
    for worker in range(WORKERS):

        def started(worker: int = worker) -> None:
            os.close(write)
            os.read(read, 1)  # returns at the end of the pipe: when the parent closes its side
            (folder / f"answer-{worker}").write_text(str(body(worker)))

        children.append(fork(started, folder / f"error-{worker}"))
    os.close(write)
    for child in children:
        ended(child)


def race(folder: Path) -> None:
    """Eight finished attempts published at once, as if no lock had worked."""
    store = Store(folder / "store")
    store.log_path(IDENTITY.key)
    attempts = [store.root / "partial" / f"worker-{worker}" for worker in range(WORKERS)]
    for attempt in attempts:
        attempt.mkdir()
        (attempt / "weights.bin").write_bytes(attempt.name.encode() * 1000)

    def body(worker: int) -> float:
        def described(files: object) -> Manifest:
            assert isinstance(files, dict)
            records: dict[str, FileRecord] = files
            return describe(IDENTITY, provenance(worker), records, resumed=0)

        return publish_folder(store.tree, attempts[worker], IDENTITY.key, described).wall_s

    together(folder, body)


def main(mode: str, folder: Path) -> None:
    if mode == "race":
        race(folder)
    elif mode == "lease":
        together(folder, lambda worker: run(Store(folder / "store"), worker).wall_s)
    elif mode == "limit":
        limit(folder)
    else:
        cut_off(mode, folder)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
