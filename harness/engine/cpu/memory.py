"""Memory that a training step frees and wants again a moment later."""

from __future__ import annotations

import contextlib
import ctypes

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
