"""The fused LIF kernels for the CPU, compiled by numba at first use and cached on disk.

Importing this file imports numba: only `fused_cpu` does, when a layer first runs. The inner loops
are free of branches and run over a chunk of neurons whose state stays in the first cache, so that
LLVM turns them into vector code; there is no fast-math, since a fused multiply-add rounds once
instead of twice and would flip spikes against the reference.

Legend: T = time steps, N = neurons of all images, flat. All arrays float32 [T, N], memory of a step
contiguous.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[np.float32]

CHUNK = 1024  # neurons; 4 kB per row of state
RECTANGLE, DSPIKE = 0, 1  # surrogate kinds; `shape` holds their two numbers

_ZERO, _ONE, _HALF, _FOUR = np.float32(0), np.float32(1), np.float32(0.5), np.float32(4)
_LOG2_E = np.float32(1.4426950408889634)
_LOWEST = np.float32(-120)  # 2^-120 counts as 0 here, and stays clear of the exponent's end
_C1, _C2, _C3 = np.float32(0.6931471806), np.float32(0.2402265070), np.float32(0.0555041087)
_C4, _C5, _C6 = np.float32(0.0096181291), np.float32(0.0013333558), np.float32(0.0001540353)
_EXPONENT_BIAS, _MANTISSA_BITS = np.int32(127), np.int32(23)

Kernel = TypeVar("Kernel", bound=Callable[..., None])


def _jit(kernel: Kernel) -> Kernel:
    """Compile at first call; other Python threads run meanwhile."""
    compiled: Any = njit(nogil=True, cache=True, error_model="numpy")(kernel)
    return cast("Kernel", compiled)


@_jit
def forward(
    current: Array, spikes: Array, decay: float, above: float, start: int, stop: int
) -> None:
    """Spikes of the neurons `start` … `stop`; a spike is u' > `above`."""
    potential = np.empty(CHUNK, np.float32)
    for low in range(start, stop, CHUNK):
        high = min(low + CHUNK, stop)
        potential[:] = _ZERO
        for t in range(current.shape[0]):
            row, out = current[t, low:high], spikes[t, low:high]
            for j in range(row.size):
                before_reset = potential[j] * decay + row[j]
                spike = np.float32(before_reset > above)
                out[j] = spike
                potential[j] = before_reset * (_ONE - spike)


@_jit
def _rectangle(distance: Array, slope: Array, alpha: float, height: float) -> None:
    for j in range(distance.size):
        slope[j] = np.float32(abs(distance[j]) < alpha) * height


@_jit
def _dspike(
    distance: Array, slope: Array, bits: Any, temperature: float, support: float, peak: float
) -> None:
    """peak·sech²(k·x) = peak·4e/(1 + e)², e = exp(−2k|x|) by a polynomial for 2^r (error 1.2e-7)
    and exponent bits.
    """
    powers = bits.view(np.float32)
    scale = np.float32(-2.0) * temperature * _LOG2_E
    for j in range(distance.size):
        exponent = max(abs(distance[j]) * scale, _LOWEST)
        whole = np.int32(exponent - _HALF)
        r = exponent - np.float32(whole)
        slope[j] = _ONE + r * (_C1 + r * (_C2 + r * (_C3 + r * (_C4 + r * (_C5 + r * _C6)))))
        bits[j] = (whole + _EXPONENT_BIAS) << _MANTISSA_BITS
    for j in range(distance.size):
        e = slope[j] * powers[j]
        inside = np.float32(abs(distance[j]) <= support)
        slope[j] = inside * peak * _FOUR * e / ((_ONE + e) * (_ONE + e))


@_jit
def backward(
    current: Array,
    grad_spikes: Array,
    grad_current: Array,
    decay: float,
    threshold: float,
    above: float,
    through_reset: float,
    kind: int,
    shape: Array,
    start: int,
    stop: int,
) -> None:
    """Backward through time; the potentials are computed again, chunk by chunk. `through_reset` is
    0 when detached.
    """
    steps = current.shape[0]
    before_reset = np.empty((steps, CHUNK), np.float32)
    distance, slope = np.empty(CHUNK, np.float32), np.empty(CHUNK, np.float32)
    potential, grad_potential = np.empty(CHUNK, np.float32), np.empty(CHUNK, np.float32)
    bits = np.empty(CHUNK, np.int32)
    for low in range(start, stop, CHUNK):
        high = min(low + CHUNK, stop)
        size = high - low
        potential[:] = _ZERO
        for t in range(steps):
            row, here = current[t, low:high], before_reset[t, :size]
            for j in range(size):
                here[j] = potential[j] * decay + row[j]
                potential[j] = here[j] * (_ONE - np.float32(here[j] > above))
        grad_potential[:] = _ZERO
        for t in range(steps - 1, -1, -1):
            here, near, rise = before_reset[t, :size], distance[:size], slope[:size]
            for j in range(size):
                near[j] = here[j] - threshold
            if kind == RECTANGLE:
                _rectangle(near, rise, shape[0], shape[1])
            else:
                _dspike(near, rise, bits[:size], shape[0], shape[1], shape[2])
            row, out = grad_spikes[t, low:high], grad_current[t, low:high]
            for j in range(size):
                kept = _ONE - np.float32(here[j] > above) - through_reset * here[j] * rise[j]
                grad = row[j] * rise[j] + grad_potential[j] * kept
                out[j] = grad
                grad_potential[j] = grad * decay
