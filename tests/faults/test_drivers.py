"""Many drivers at one store: each node is trained once, and nobody waits for ever."""

from __future__ import annotations

import random
import re
import signal
import time
from pathlib import Path

import pytest

from tests.faults.drivers import Contents, contents, family, faults, finish, kill, left_after, start

STARTED = re.compile(r": started")


def trained(said: list[str]) -> int:
    return sum(len(STARTED.findall(text)) for text in said)


@pytest.mark.faults
def test_eight_at_once_train_each_node_once(tmp_path: Path, undisturbed: Contents) -> None:
    drivers = [start(tmp_path, "table1", "--jobs=1") for _ in range(8)]
    said = [finish(driver) for driver in drivers]
    assert [driver.returncode for driver in drivers] == [0] * 8, said
    assert trained(said) == len(undisturbed)
    assert contents(tmp_path) == undisturbed
    assert faults(tmp_path) == []


@pytest.mark.faults
def test_eight_of_which_five_are_killed(tmp_path: Path, undisturbed: Contents) -> None:
    dice = random.Random(20230402)
    drivers = [start(tmp_path, "table1", "--jobs=1") for _ in range(8)]
    for driver in drivers[:5]:
        time.sleep(dice.uniform(0, 6))
        kill(driver)
    said = [finish(driver) for driver in drivers[5:]]
    assert [driver.returncode for driver in drivers[5:]] == [0] * 3, said
    assert contents(tmp_path) == undisturbed
    assert faults(tmp_path) == []


@pytest.mark.faults
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_a_stop_at_any_moment_leaves_no_child(tmp_path: Path, share: float, stop: int) -> None:
    """As from a terminal, where Ctrl-C reaches the whole group; or as from a batch system."""
    driver = start(tmp_path, "table1", "--jobs=2")
    time.sleep(share * LONG_S)
    below = family(driver.pid)
    driver.send_signal(stop)
    finish(driver)
    assert driver.returncode in (0, 130, -stop), driver.returncode
    assert left_after(below, 10.0) == set()


LONG_S = 10.0  # about what the command takes
