"""What a process keeps: compiled CPU kernels, from one process to the next, and memory that a
training step frees and wants again a moment later. Imports no numba.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
from functools import cache
from pathlib import Path

from harness.caches import can_write, own_cache

COMPILING_S = 10  # about what a training compiles, on one core of a Xeon
_ENGINE = Path(__file__).parents[1]


@cache
def kernel_cache() -> Path | None:
    """The folder, by the first rule that gives one that can be written: NUMBA_CACHE_DIR, beside
    this code, the user's own cache (`own_cache`). None: each process compiles anew.

    Its name holds a hash of the kernels' sources: numba looks at a kernel's own file, and would
    take one that calls changed code from another file for unchanged.
    """
    name = f"kernels-{_sources()}"
    said = os.environ.get("NUMBA_CACHE_DIR", "")
    wanted = os.path.expanduser(said)  # noqa: PTH111 - `Path.expanduser` raises without a home
    if said and not wanted.startswith("~") and can_write(folder := Path(wanted).absolute() / name):
        return folder
    if can_write(beside := Path(__file__).with_name("__pycache__") / name):
        return beside
    own = own_cache()
    return own / name if own is not None and can_write(own / name) else None


def _sources() -> str:
    files = [Path(__file__).with_name("floats.py"), *sorted(_ENGINE.rglob("*kernel*.py"))]
    content = b"\0".join(file.read_bytes() for file in files)
    return hashlib.sha256(content).hexdigest()[:16]


_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # glibc's malloc.h
_NEVER = 2**31 - 1  # bytes that must lie free before any go back: the largest int


def keep_freed_memory() -> bool:
    """Have this process keep what it frees until it ends; whether the C library can do that.

    By default glibc returns large blocks to the system, and each first touch of a page that it gets
    back costs a fault and a page of zeros: 8,000 to 45,000 of them in a step of the spiking
    ResNet-20 (T = 4, batch 64), with 5 to 15 % of its time. The peak is the same; between steps
    the process looks larger than what it uses. For a process that trains and ends.
    """
    with contextlib.suppress(AttributeError, OSError):  # other C libraries have no `mallopt`
        mallopt = ctypes.CDLL(None).mallopt
        return bool(mallopt(_TRIM_THRESHOLD, _NEVER)) and bool(mallopt(_MMAP_MAX, 0))
    return False
