"""Counting events into frames, compiled by numba at first use and cached on disk.

Importing this file imports numba: only `frames.count` does, when a recording is first counted.

Legend: N = events of a recording, T = frames, S = pixels per side of a frame.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.engine.cpu.floats import jit

BLOCK = 1024  # events whose places are computed together, in vector code, before they are counted


@jit
def count(
    x_N: NDArray[Any],
    y_N: NDArray[Any],
    p_N: NDArray[Any],
    starts: NDArray[np.int64],
    scale_x: np.uint32,
    scale_y: np.uint32,
    shift: np.uint32,
    side: np.uint32,
    counts: NDArray[Any],
) -> int:
    """Add every event to its cell of `counts` [T, 2·S·S], and return their sum.

    A cell is a polarity, row and column; frame k gets the events `starts[k]` … `starts[k + 1]`. An
    event at x lands in column (x·scale_x) >> shift. The caller has seen to it that this stays below
    S, that p is 0 or 1, and that no product leaves 32 bits: nothing is checked here.
    """
    place = np.empty(BLOCK, np.uint32)
    total = 0
    for k in range(counts.shape[0]):
        frame = counts[k]
        for low in range(starts[k], starts[k + 1], BLOCK):
            high = min(low + BLOCK, starts[k + 1])
            x, y, p = x_N[low:high], y_N[low:high], p_N[low:high]
            for i in range(len(x)):
                row = np.uint32(p[i]) * side + (np.uint32(np.uint32(y[i]) * scale_y) >> shift)
                place[i] = row * side + (np.uint32(np.uint32(x[i]) * scale_x) >> shift)
            for i in range(len(x)):
                frame[place[i]] += 1
        for cell in range(frame.size):
            total += int(frame[cell])
    return total
