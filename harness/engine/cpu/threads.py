"""A kernel over ranges of its work, in as many threads as torch may use.

The threads are torch's own. Its OpenMP team keeps spinning for a while after each operation; a
thread of another pool would share a core with a spinning one, and a training step has no time in
which none spins (backward kernels took 1.7 times as long, ResNet-20 on 2 cores). So the team is
asked, through the entry point that compiled code uses; where there is none, a pool of threads
serves.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from pathlib import Path

import torch

Range = Callable[[int, int], None]

# below this many elements a second thread costs more than it saves (0.1 ms of work, 2-core Xeon)
_ELEMENTS_PER_THREAD = 131_072
_Body = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


def in_threads(kernel: Range, units: int, *, elements: int) -> None:
    """kernel(start, stop) for ranges that cover 0 … `units`; `elements` says how much work it is.

    The kernel releases the interpreter's lock and writes to its own range alone, so the numbers do
    not depend on how many threads there are. Its first exception is raised here.
    """
    threads = min(torch.get_num_threads(), 1 + elements // _ELEMENTS_PER_THREAD, max(units, 1))
    bounds = [units * part // threads for part in range(threads + 1)]
    if threads == 1:
        kernel(0, units)
        return
    team = _team()
    if team is None:
        pool = _pool(threads, os.getpid())
        for job in [pool.submit(kernel, start, stop) for start, stop in pairwise(bounds)]:
            job.result()
        return
    _in_team(team, kernel, bounds)


def _in_team(team: ctypes.CDLL, kernel: Range, bounds: list[int]) -> None:
    todo = list(pairwise(bounds))
    errors: list[BaseException] = []

    def body(_: int) -> None:  # every thread of the team calls it, however many there are
        try:
            for start, stop in iter(lambda: todo.pop() if todo else None, None):
                kernel(start, stop)
        except BaseException as error:  # must not pass through compiled code
            errors.append(error)

    # handed over as it is: what `ctypes.cast` gives keeps itself alive, and with it the arrays
    team.GOMP_parallel(_Body(body), None, len(todo), 0)
    if errors:
        raise errors[0]


@cache
def _team() -> ctypes.CDLL | None:
    """The OpenMP library that torch brought along; None where it uses another."""
    found = sorted((Path(torch.__file__).parent / "lib").glob("libgomp*.so*"))
    if not found:
        return None
    team = ctypes.CDLL(str(found[0]))  # loaded already: the same library, the same threads
    team.GOMP_parallel.argtypes = (_Body, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint)
    team.GOMP_parallel.restype = None
    return team


@cache
def _pool(count: int, owner: int) -> ThreadPoolExecutor:
    """One pool per operating-system process (`owner`): threads do not survive a fork."""
    return ThreadPoolExecutor(count, thread_name_prefix=f"kernel-{owner}")
