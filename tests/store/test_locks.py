"""One process per node; a lock ends with its holder, however that ends."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import filelock
import pytest

import harness
from harness.errors import HarnessError
from harness.store.locks import holder, lease, lease_if_free

HOLD = """
import sys, time
from pathlib import Path
from harness.store.locks import lease
with lease(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


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


def test_kill_9_of_the_holder_frees_the_node(tmp_path: Path) -> None:
    path = tmp_path / "node.lock"
    environment = {**os.environ, "PYTHONPATH": str(Path(harness.__file__).parents[1])}
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        with lease_if_free(path) as free:
            assert not free
        assert holder(path).startswith(f"process {child.pid} on ")
        child.send_signal(signal.SIGKILL)
        child.wait()
    with lease_if_free(path) as free:
        assert free


def test_an_error_inside_gives_the_lease_back(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), lease(tmp_path / "node.lock"):
        raise KeyboardInterrupt
    with lease_if_free(tmp_path / "node.lock") as free:
        assert free


@pytest.mark.parametrize("text", [b"", b"\xff", b"one two three"])
def test_an_unreadable_holder_is_another_process(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "node.lock").write_bytes(text)
    assert holder(tmp_path / "node.lock") == "another process"
    assert holder(tmp_path / "absent.lock") == "another process"


@pytest.mark.parametrize(
    ("number", "hint"), [(errno.ENOSYS, "locks (flock)"), (errno.ENOSPC, "free space")]
)
def test_a_file_system_that_cannot_lock_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, hint: str
) -> None:
    def refuse(lock: filelock.FileLock, **_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(filelock.FileLock, "acquire", refuse)
    for context in (lease, lease_if_free):
        with pytest.raises(HarnessError, match="cannot lock") as caught:
            context(tmp_path / "node.lock").__enter__()
        assert hint in caught.value.hint
