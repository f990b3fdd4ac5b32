"""How many cores there are to compute on."""

from __future__ import annotations

import os


def usable_cores() -> int:
    """Cores that this process may use: fewer than the machine has inside a container or job."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def default_slots(cores: int, cuda: bool) -> int:
    """One run per core; on a GPU one at a time, since a run may want all of its memory."""
    return 1 if cuda else max(1, cores)
