"""One process per node; a lock ends with its holder, however that ends, on whatever machine.

Another machine is a process that says another name and shares no kernel: without flock.
"""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock
import pytest

import harness
from harness.errors import HarnessError
from harness.store import locks
from harness.store.locks import NO_FLOCK, holder, lease, lease_if_free

LEASE_S, BEAT_S = 3.0, 0.1
HOLD = """
import errno, socket, sys
from pathlib import Path
import filelock
from harness.errors import HarnessError
from harness.store import locks

def refuse(lock, **_):
    raise OSError(errno.ENOSYS, "no flock here")

path, machine, locks.LEASE_S, locks.BEAT_S = sys.argv[1], sys.argv[2], *map(float, sys.argv[3:])
if machine:
    socket.gethostname = lambda: machine
    filelock.FileLock.acquire = refuse
try:
    with locks.lease(Path(path)):
        print("held", flush=True)
        sys.stdin.readline()
        raise OSError("the folder of the attempt is gone")
except (HarnessError, OSError) as error:
    print(error, flush=True)
"""

Holder = subprocess.Popen[str]


@contextmanager
def held(path: Path, machine: str = "") -> Iterator[Holder]:
    """Another process that holds the lock until it is killed or gets a line."""
    environment = {**os.environ, "PYTHONPATH": str(Path(harness.__file__).parents[1])}
    command = [sys.executable, "-c", HOLD, str(path), machine, str(LEASE_S), str(BEAT_S)]
    pipe = subprocess.PIPE
    child = subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment, text=True)
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        try:
            yield child
        finally:
            child.kill()


def is_free(path: Path) -> bool:
    with lease_if_free(path) as free:
        return free


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases that end within seconds, for this process."""
    monkeypatch.setattr(locks, "LEASE_S", LEASE_S)
    monkeypatch.setattr(locks, "BEAT_S", BEAT_S)


def test_a_second_holder_waits_and_is_told_by_whom(tmp_path: Path) -> None:
    path, said, order = tmp_path / "node.lock", [], []
    waits = threading.Event()

    def waiting(name: str) -> None:
        said.append(name)
        waits.set()

    def second() -> None:
        with lease(path, waiting=waiting):
            order.append("second")

    thread = threading.Thread(target=second)
    with lease(path):
        thread.start()
        assert waits.wait(30)
        order.append("first")
    thread.join(30)
    assert order == ["first", "second"]
    assert len(said) == 1
    assert said[0].startswith(f"process {os.getpid()} on ")


@pytest.mark.usefixtures("soon")
def test_kill_9_of_the_holder_frees_the_node_at_once(tmp_path: Path) -> None:
    path = tmp_path / "node.lock"
    with held(path) as child:
        assert not is_free(path)
        assert holder(path) == f"process {child.pid} on {socket.gethostname()}"
        child.kill()
        child.wait()
        assert is_free(path)
    assert [one.name for one in tmp_path.iterdir()] == ["node.lock"]


@pytest.mark.usefixtures("soon")
def test_a_machine_that_lives_is_never_robbed_whatever_the_clocks_say(tmp_path: Path) -> None:
    path = tmp_path / "node.lock"
    with held(path, "lab3") as child:
        assert holder(path) == f"process {child.pid} on lab3"
        with pytest.raises(filelock.Timeout):
            locks._lease(path).acquire(timeout=2 * LEASE_S)
        for year in (1, 60):  # its clock jumps, and so does ours
            os.utime(path.with_suffix(".lease"), (year * 365 * 86_400,) * 2)
            assert not is_free(path)


@pytest.mark.usefixtures("soon")
def test_a_lease_left_by_a_dead_machine_is_taken_over_and_not_before_its_time(
    tmp_path: Path,
) -> None:
    path, said = tmp_path / "node.lock", []
    with held(path, "lab3") as child:
        child.kill()
        child.wait()
        os.utime(path.with_suffix(".lease"), (0, 0))  # an old time proves nothing
        assert not is_free(path)
        before = time.monotonic()
        with lease(path, waiting=said.append):
            assert time.monotonic() - before >= LEASE_S
            assert holder(path).startswith(f"process {os.getpid()} on ")
    assert said == [f"process {child.pid} on lab3"]
    assert is_free(path)


@pytest.mark.usefixtures("soon")
def test_a_machine_that_was_only_silent_is_told_that_it_lost_the_node(tmp_path: Path) -> None:
    path = tmp_path / "node.lock"
    with held(path, "lab3") as child:
        child.send_signal(signal.SIGSTOP)
        with lease(path):
            child.send_signal(signal.SIGCONT)
            time.sleep(10 * BEAT_S)
            said, _ = child.communicate("go on\n", timeout=30)
            assert f"process {os.getpid()} on" in said
            assert "took the node over" in said
            assert not is_free(path)  # what the other gives back is not ours


def test_an_error_inside_gives_the_lease_back(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), lease(tmp_path / "node.lock"):
        raise KeyboardInterrupt
    with lease_if_free(tmp_path / "node.lock") as free:
        assert free


@pytest.mark.parametrize("text", [b"", b"\xff", b"one two three", b"filelock/2\npid=1\n"])
def test_an_unreadable_holder_is_another_process(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "node.lease").write_bytes(text)
    assert holder(tmp_path / "node.lock") == "another process"
    assert holder(tmp_path / "absent.lock") == "another process"


def refuse_with(monkeypatch: pytest.MonkeyPatch, kind: type, number: int) -> None:
    def refuse(lock: filelock.BaseFileLock, **_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(kind, "acquire", refuse)


@pytest.mark.parametrize("number", sorted(NO_FLOCK))
def test_without_flock_the_lease_alone_keeps_others_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    refuse_with(monkeypatch, filelock.FileLock, number)
    with lease(tmp_path / "node.lock"):
        assert not is_free(tmp_path / "node.lock")
    assert is_free(tmp_path / "node.lock")


@pytest.mark.parametrize("kind", [filelock.FileLock, filelock.SoftFileLease])
def test_a_file_system_that_takes_no_lock_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type
) -> None:
    refuse_with(monkeypatch, kind, errno.ENOSPC)
    for context in (lease, lease_if_free):
        with pytest.raises(HarnessError, match="cannot lock: No space left") as caught:
            context(tmp_path / "node.lock").__enter__()
        assert "free space" in caught.value.hint


def test_a_lease_with_other_times_is_not_shared(tmp_path: Path) -> None:
    with held(tmp_path / "node.lock", "lab3"):
        with pytest.raises(HarnessError, match="must agree") as caught:
            lease(tmp_path / "node.lock").__enter__()
        assert "another version" in caught.value.hint
