"""How many cores and how much memory there are to compute with, a container's limits included."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath


def usable_cores(root: Path = Path("/")) -> int:
    """Cores that this process may use: fewer than the machine has inside a container or job.

    What the scheduler lets it run on, or less where a cgroup limits its time (Linux, both
    versions): 1.5 cores of time are 2, since half a core left idle is worse than a little waiting.
    `root` is where /proc and /sys lie.
    """
    cores = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    return max(1, min([cores, *(math.ceil(quota) for quota in _quotas(root))]))


def default_slots(cores: int, cuda: bool) -> int:
    """One run per core; on a GPU one at a time, since a run may want all of its memory."""
    return 1 if cuda else max(1, cores)


def _quotas(root: Path) -> Iterator[float]:
    """Each limit of processor time, in cores, on this process's cgroup and those above it."""
    for folder in _cgroups(root, "cpu"):
        with suppress(OSError, ValueError, ZeroDivisionError):  # no limit, or none of this version
            most, period = _words(folder / "cpu.max")
            yield int(most) / int(period)
        with suppress(OSError, ValueError, ZeroDivisionError):
            (most,) = _words(folder / "cpu.cfs_quota_us")
            (period,) = _words(folder / "cpu.cfs_period_us")
            if int(most) > 0:  # -1: none
                yield int(most) / int(period)


def memory_limit(root: Path = Path("/")) -> float:
    """Bytes that this process may have by its cgroup and those above it; infinity without a limit.

    Beyond it the system kills a process, however much the machine has.
    """
    least = math.inf
    for folder in _cgroups(root, "memory"):
        for name in ("memory.max", "memory.limit_in_bytes"):
            with suppress(OSError, ValueError):  # "max": no limit
                (most,) = _words(folder / name)
                least = min(least, int(most))
    return least


def _cgroups(root: Path, controller: str) -> Iterator[Path]:
    """The folders of this process's cgroup and of those above it, as far as they are mounted.

    A container may see its own cgroup as the root of the mount while /proc tells its place on the
    host; so the root is looked at in any case.
    """
    with suppress(OSError, ValueError):
        for line in (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines():
            _, controllers, place = line.split(":", 2)
            if controllers and controller not in controllers.split(","):
                continue
            inside = PurePosixPath(place.lstrip("/"))
            for name in (controllers, controller) if controllers else ("", "unified"):
                mount = root / "sys/fs/cgroup" / name
                yield from (
                    mount / one for one in (inside, *inside.parents) if ".." not in one.parts
                )


def _words(path: Path) -> list[str]:
    return path.read_text(encoding="ascii").split()
