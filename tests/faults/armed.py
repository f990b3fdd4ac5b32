"""The command line with a fault armed: `python armed.py reproduce table1 …`, the fault as JSON in
HARNESS_FAULT. Workers import this file again when they start, so it is armed in them, too.

{"what": a key of FAULTS, "kind": of the nodes that it strikes, "after": epochs, "times": how often
in all, "marks": a folder that counts}; "clock" and "leases" strike everywhere and always.
"""

from __future__ import annotations

import ctypes
import datetime
import itertools
import json
import os
import random
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.execute import job
from harness.execute.events import Advanced, Event
from harness.store import locks

FAULT: dict[str, Any] = json.loads(os.environ.get("HARNESS_FAULT", "{}"))
YEAR_S = 365 * 86_400


def out_of_memory() -> None:
    """As a container with little memory: the next large tensor is refused."""
    import torch

    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + (64 << 20),) * 2)
    torch.ones(1 << 30)


def fails() -> None:
    raise ArithmeticError("the run itself fails")


FAULTS: dict[str, Callable[[], object]] = {
    "an exception": fails,
    "SIGSEGV": lambda: ctypes.string_at(0),
    "SIGABRT": os.abort,
    "SIGKILL": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "exit": lambda: os._exit(7),
    "out of memory": out_of_memory,
}


def strikes() -> bool:
    """Whether the fault has not struck as often as it should; counted over all processes."""
    for number in range(FAULT["times"]):
        try:
            os.close(os.open(Path(FAULT["marks"], str(number)), os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            continue
        return True
    return False


def arm_runs() -> None:
    """Runs of the kind named meet the fault when they report their epoch `after` or a later one."""
    real = job._run

    def run(work: job.Job, store: Any, tell: job.Tell) -> Any:
        def told(event: Event) -> None:
            tell(event)
            is_due = isinstance(event, Advanced) and event.progress.done >= FAULT["after"]
            if is_due and strikes():
                FAULTS[FAULT["what"]]()

        return real(work, store, told if work.node.kind == FAULT["kind"] else tell)

    job._run = run


def arm_clock() -> None:
    """Every reading of the wall clock is years off, forwards or backwards."""
    dice = random.Random(os.getpid())
    real, real_ns = time.time, time.time_ns

    class Jumping(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:  # type: ignore[override]
            return datetime.datetime.fromtimestamp(time.time(), tz)

    jumps = (dice.uniform(-20, 20) * YEAR_S for _ in itertools.count())
    time.time = lambda: real() + next(jumps)
    time.time_ns = lambda: real_ns() + int(next(jumps) * 1e9)
    job.datetime = Jumping  # type: ignore[misc]


def arm_leases() -> None:
    """Leases end sooner, for a test that cannot wait for minutes."""
    locks.LEASE_S, locks.BEAT_S = FAULT["seconds"], FAULT["seconds"] / 10


if FAULT:
    {"clock": arm_clock, "leases": arm_leases}.get(FAULT["what"], arm_runs)()

if __name__ == "__main__":
    from harness.cli import main

    sys.argv[0] = "harness"
    main()
