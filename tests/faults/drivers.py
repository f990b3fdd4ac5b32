"""Commands as a user gives them, in processes of their own, on a tiny exhibit."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.store.store import Store
from harness.store.verify import verify
from tests.conftest import ROOT
from tests.faults.tiny import SAME, overrides

ARMED = Path(__file__).with_name("armed.py")
LONGEST_S = 400.0

Driver = subprocess.Popen[str]
Contents = dict[str, dict[str, str]]


def start(
    folder: Path, exhibit: str = "table1", *more: str, fault: Mapping[str, Any] | None = None
) -> Driver:
    """`harness reproduce`, with store and results below `folder`, in a group of its own."""
    words = [word for word in more if word.startswith("--")]
    sets = [f"--set={one}" for one in (*overrides(), *more) if not one.startswith("--")]
    places = [f"--{name}={folder / name}" for name in ("store", "out", "data-dir")]
    command = [sys.executable, str(ARMED), "reproduce", exhibit, *sets, *words, *places, "-v"]
    environment = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "CI": "1"}
    if fault:
        Path(fault.get("marks", folder)).mkdir(parents=True, exist_ok=True)
        environment["HARNESS_FAULT"] = json.dumps(fault)
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finish(driver: Driver) -> str:
    """Wait for the end; what was said. A driver that hangs is a failure of the test."""
    said, _ = driver.communicate(timeout=LONGEST_S)
    return said


def reproduce(folder: Path, exhibit: str = "table1", *more: str, code: int = 0, **how: Any) -> str:
    """A whole command that must end with this code; what was said."""
    driver = start(folder, exhibit, *more, **how)
    said = finish(driver)
    assert driver.returncode == code, said
    return said


def contents(folder: Path) -> Contents:
    """Key → name → SHA-256 of the files that must not depend on the clock."""
    return {
        one.key: {name: file.sha256 for name, file in one.files.items() if name in SAME}
        for one in Store(folder / "store").manifests()
    }


def faults(folder: Path) -> list[str]:
    """What verify finds wrong in the store, remarks aside."""
    return [str(one) for one in verify(Store(folder / "store")) if not one.is_information]


def family(pid: int) -> set[int]:
    """All processes below `pid`, however deep (Linux)."""
    parents = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(place.parent.name)] = int(place.read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
    found, more = set(), {pid}
    while more := {child for child, parent in parents.items() if parent in more} - found:
        found |= more
    return found


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be counted does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def left_after(pids: set[int], seconds: float) -> set[int]:
    """Which of the processes still run then; asked again until none does."""
    end = time.monotonic() + seconds
    while (left := {pid for pid in pids if is_alive(pid)}) and time.monotonic() < end:
        time.sleep(0.05)
    return left


def kill(driver: Driver) -> None:
    """kill -9 of the driver, and what it had started is given the time to notice."""
    below = family(driver.pid)
    driver.send_signal(signal.SIGKILL)
    driver.communicate()
    assert left_after(below, 10.0) == set()
