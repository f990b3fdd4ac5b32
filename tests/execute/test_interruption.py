"""Interrupted = undisturbed: same files, bit for bit, however the runs were cut off.

`HARNESS_KILLS=20` raises the number of kills for a long check.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.layout import find_project
from harness.store.store import Store
from harness.store.verify import verify

DRIVE = Path(__file__).with_name("drive.py")
SMALL = ["neuron=lif", "depth=8", "width=2", "recipe.epochs=3", "network.base_width=2"]
KILLS = int(os.environ.get("HARNESS_KILLS", "2"))
SAME = ("metrics.json", "network.safetensors")  # timing.json and the log tell of the clock


def start(store: Path) -> subprocess.Popen[str]:
    root = find_project(Path(__file__))
    return subprocess.Popen(
        [sys.executable, str(DRIVE), str(store), *SMALL],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(store: Path) -> None:
    driver = start(store)
    said, _ = driver.communicate(timeout=300)
    assert driver.returncode == 0, said


def contents(store: Path) -> dict[str, dict[str, str]]:
    """Key → name → SHA-256 of the files that must not depend on the clock."""
    return {
        one.key: {name: one.files[name].sha256 for name in SAME} for one in Store(store).manifests()
    }


def children(pid: int) -> list[int]:
    task = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in task.read_text().split()] if task.exists() else []


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def assert_gone(pids: list[int], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while any(map(alive, pids)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not [pid for pid in pids if alive(pid)]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, str]]]:
    store = tmp_path_factory.mktemp("undisturbed") / "store"
    finish(store)
    found = contents(store)
    assert len(found) == 2
    yield found


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_killed_at_random_moments_the_same_command_ends_with_the_same_bytes(
    tmp_path: Path, undisturbed: dict[str, dict[str, str]]
) -> None:
    store, dice = tmp_path / "store", random.Random(20230401)
    for _ in range(KILLS):
        driver = start(store)
        time.sleep(dice.uniform(0.5, 9.0))
        workers = children(driver.pid)
        driver.send_signal(signal.SIGKILL)
        driver.communicate()
        assert_gone(workers)  # a worker must not train for nobody
        if not list(store.glob("format*")):
            continue  # killed before the store was made
        assert [fault for fault in verify(Store(store)) if not fault.is_information] == []
    finish(store)
    assert contents(store) == undisturbed
    assert verify(Store(store)) == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_ends_with_130_leaves_no_child_and_goes_on_from_there(
    tmp_path: Path, undisturbed: dict[str, dict[str, str]], stop: signal.Signals
) -> None:
    store = tmp_path / "store"
    driver = start(store)
    assert driver.stdout is not None
    for line in driver.stdout:
        if line.startswith("Advanced"):
            break  # an epoch is done, so there is a checkpoint
    workers = children(driver.pid)
    driver.send_signal(stop)
    driver.communicate(timeout=20)
    assert driver.returncode == 130
    assert_gone(workers)
    finish(store)
    assert contents(store) == undisturbed
    assert any(one.resumed for one in Store(store).manifests())


def test_two_drivers_at_once_train_each_node_once(
    tmp_path: Path, undisturbed: dict[str, dict[str, str]]
) -> None:
    drivers = [start(tmp_path / "store") for _ in range(2)]
    said = [driver.communicate(timeout=300)[0] for driver in drivers]
    assert [driver.returncode for driver in drivers] == [0, 0], said
    started = [line for out in said for line in out.splitlines() if line.startswith("Started")]
    assert len(started) == len(set(started)) == 2
    assert contents(tmp_path / "store") == undisturbed
