"""The fused LIF kernels for the CPU, compiled by numba at first use and cached on disk.

Importing this file imports numba: only `fused_cpu` does, when a layer first runs. The inner loops
are free of branches and run over a chunk of neurons whose state stays in the first cache, so that
LLVM turns them into vector code.

Legend: T = time steps, N = neurons of all images, flat. All arrays [T, N], memory of a step
contiguous; float32, or the bits of bfloat16 (`cpu.floats`), the membrane in float32. A spike is a
potential > `above`; what `Neuron` and `Curve` hold, `fused_cpu` fills in. `through_reset` is 0 when
detached, else 1 for the hard reset and the threshold for the soft one. Arrays must not overlap:
where they do, none of this is vector code.
"""

from __future__ import annotations

import numpy as np

from harness.engine.cpu.floats import Array, Number, fma, jit, put, widened

CHUNK = 2048  # neurons; 8 kB per row of state
RECTANGLE, DSPIKE, TRIANGLE, ARCTAN = range(4)  # surrogate kinds; `shape` holds their numbers

Neuron = tuple[Number, Number, Number, bool]  # decay, threshold, `above`, soft
Curve = tuple[Number, int, Array]  # `through_reset`, the surrogate's kind and numbers

_ZERO, _ONE, _HALF, _FOUR = np.float32(0), np.float32(1), np.float32(0.5), np.float32(4)
_LOG2_E = np.float32(1.4426950408889634)
_LOWEST = np.float32(-120)  # 2^-120 counts as 0 here, and stays clear of the exponent's end
_C1, _C2, _C3 = np.float32(0.6931471806), np.float32(0.2402265070), np.float32(0.0555041087)
_C4, _C5, _C6 = np.float32(0.0096181291), np.float32(0.0013333558), np.float32(0.0001540353)
_EXPONENT_BIAS, _MANTISSA_BITS = np.int32(127), np.int32(23)


@jit
def fired(potential: Number, current: Number, neuron: Neuron) -> tuple[Number, Number]:
    """The spike of one step, NaN where u' is not finite (x − x is 0 for every finite x), and the
    potential after the reset.
    """
    decay, threshold, above, soft = neuron
    before_reset = potential * decay + current
    spike = np.float32(before_reset > above) + (before_reset - before_reset)
    kept = before_reset - threshold * spike if soft else before_reset * (_ONE - spike)
    return spike, kept


@jit
def forward(current: Array, spikes: Array, neuron: Neuron, start: int, stop: int) -> None:
    """Spikes of the neurons `start` … `stop`."""
    potential = np.empty(CHUNK, np.float32)
    for low in range(start, stop, CHUNK):
        high = min(low + CHUNK, stop)
        potential[:] = _ZERO
        for t in range(current.shape[0]):
            row, out = current[t, low:high], spikes[t, low:high]
            for j in range(row.size):
                spike, potential[j] = fired(potential[j], widened(row[j]), neuron)
                put(out, j, spike)


@jit
def _dspike(near: Array, temperature: Number, support: Number, peak: Number) -> None:
    """peak·sech²(k·x) = peak·4e/(1 + e)², e = exp(−2k|x|) by a polynomial for 2^r (error 1.2e-7)
    and exponent bits. Multiply-adds may round once here: no spike hangs on them.
    """
    scale, height = np.float32(-2.0) * temperature * _LOG2_E, _FOUR * peak
    for j in range(near.size):
        size = np.float32(abs(near[j]))
        exponent = np.float32(max(size * scale, _LOWEST))
        whole = np.int32(exponent - _HALF)
        r = exponent - np.float32(whole)
        power = fma(r, fma(r, fma(r, fma(r, fma(r, fma(r, _C6, _C5), _C4), _C3), _C2), _C1), _ONE)
        e = power * np.int32((whole + _EXPONENT_BIAS) << _MANTISSA_BITS).view(np.float32)
        inside = np.float32(size <= support)
        near[j] = inside * height * e / ((_ONE + e) * (_ONE + e))


@jit
def _to_slope(near: Array, kind: int, shape: Array) -> None:
    """The distance to the threshold becomes the surrogate's derivative there."""
    first, second = shape[0], shape[1]
    if kind == RECTANGLE:
        for j in range(near.size):
            near[j] = np.float32(abs(near[j]) < first) * second
    elif kind == DSPIKE:
        _dspike(near, first, second, shape[2])
    elif kind == TRIANGLE:
        for j in range(near.size):
            near[j] = max(first - abs(near[j]), _ZERO) * second
    else:
        for j in range(near.size):
            scaled = near[j] * first
            near[j] = second / (_ONE + scaled * scaled)


@jit
def after_reset(before_reset: Array, potential: Array, neuron: Neuron) -> None:
    _, threshold, above, soft = neuron
    for j in range(before_reset.size):
        spike = np.float32(before_reset[j] > above)
        if soft:
            potential[j] = before_reset[j] - threshold * spike
        else:
            potential[j] = before_reset[j] * (_ONE - spike)


@jit
def back_one_step(
    before_reset: Array,
    grad_spikes: Array,
    grad_current: Array,
    grad_potential: Array,
    slope: Array,
    neuron: Neuron,
    curve: Curve,
) -> None:
    """From the gradients of spikes and potential to those of the current and of the potential a
    step earlier; `slope` is memory to work in.
    """
    decay, threshold, above, soft = neuron
    through_reset, kind, shape = curve
    for j in range(slope.size):
        slope[j] = before_reset[j] - threshold
    _to_slope(slope, kind, shape)
    for j in range(slope.size):
        if soft:
            kept = _ONE - through_reset * slope[j]
        else:
            spike = np.float32(before_reset[j] > above)
            kept = _ONE - spike - through_reset * before_reset[j] * slope[j]
        grad = widened(grad_spikes[j]) * slope[j] + grad_potential[j] * kept
        put(grad_current, j, grad)
        grad_potential[j] = grad * decay


@jit
def backward(
    current: Array,
    grad_spikes: Array,
    aside: Array,
    grad_current: Array,
    grad_decay: Array,
    neuron: Neuron,
    curve: Curve,
    start: int,
    stop: int,
) -> None:
    """Backward through time; the potentials are computed again, chunk by chunk.

    `aside` [T, N] is what reaches the current another way, such as through a shortcut, and is added
    to `grad_current`; `grad_decay` [N] takes each neuron's share of the decay's gradient. Either
    may be empty.
    """
    steps, decay = current.shape[0], neuron[0]
    before_reset = np.empty((steps, CHUNK), np.float32)
    slope, rest = np.empty(CHUNK, np.float32), np.empty(CHUNK, np.float32)
    for low in range(start, stop, CHUNK):
        high = min(low + CHUNK, stop)
        size = high - low
        near, potential = slope[:size], rest[:size]
        potential[:] = _ZERO
        for t in range(steps):
            row, here = current[t, low:high], before_reset[t, :size]
            for j in range(size):
                here[j] = potential[j] * decay + widened(row[j])
            after_reset(here, potential, neuron)
        grad_potential = potential  # which is not needed any more
        grad_potential[:] = _ZERO
        for t in range(steps - 1, -1, -1):
            here, arriving = before_reset[t, :size], grad_spikes[t, low:high]
            to = grad_current[t, low:high]
            back_one_step(here, arriving, to, grad_potential, near, neuron, curve)
        if grad_decay.size:
            _share(before_reset, grad_current, grad_decay, low, high, potential, neuron)
        if aside.size:  # last, since the decay's share is that of the neurons' gradient alone
            for t in range(steps):
                row, other = grad_current[t, low:high], aside[t, low:high]
                for j in range(size):
                    put(row, j, widened(row[j]) + widened(other[j]))


@jit
def _share(
    before_reset: Array,
    grad_current: Array,
    grad_decay: Array,
    low: int,
    high: int,
    potential: Array,
    neuron: Neuron,
) -> None:
    """Σ_t ∂L/∂i(t)·u(t−1) of the neurons `low` … `high`; `potential` is memory to work in."""
    share = grad_decay[low:high]
    share[:] = _ZERO
    for t in range(1, grad_current.shape[0]):
        after_reset(before_reset[t - 1, : share.size], potential, neuron)
        row = grad_current[t, low:high]
        for j in range(share.size):
            share[j] += widened(row[j]) * potential[j]
