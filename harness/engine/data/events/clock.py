"""The time of a camera whose clock starts over.

Legend: N = events of a recording.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ticks = NDArray[np.int64]


def unwrapped(ticks_N: Ticks, bits: int) -> Ticks:
    """Readings of a clock of `bits` bits as µs since its first zero, int64 [N].

    Readings that never fall are taken as they are. Otherwise each step between neighbours is the
    shorter way round the clock, t_k = t_0 + Σ ((d + R/2) mod R − R/2) with R = 2**bits, so a wrap
    goes on upward and an event that comes too late stays below its neighbour. Beside a wrap a
    silence of R/2 or more (4.2 s of 23 bits, 36 min of 32) is beyond what the format can say: it
    shows as a step back.
    """
    if len(ticks_N) == 0:
        return ticks_N
    whole, half = 1 << bits, 1 << (bits - 1)
    steps = np.diff(ticks_N)
    if steps.size == 0 or steps.min() >= 0:
        return ticks_N
    steps = ((steps + half) & (whole - 1)) - half
    return np.concatenate([ticks_N[:1], ticks_N[0] + np.cumsum(steps)])


def too_late(time_N: Ticks) -> NDArray[np.bool_]:
    """Which events are earlier than one that stands before them, bool [N]."""
    late: NDArray[np.bool_] = np.zeros(len(time_N), np.bool_)
    if (time_N[1:] < time_N[:-1]).any():  # the running maximum takes longer than all the rest
        late = time_N < np.maximum.accumulate(time_N)
    return late


def span(time_N: Ticks) -> int:
    """The longest silence between neighbours, µs; 0 for fewer than two events."""
    return int(np.diff(time_N).max()) if len(time_N) > 1 else 0
