"""Batch norm on channels-last activations for the CPU, alone and with the LIF neurons behind it;
compiled by numba at first use and cached on disk.

A channel's numbers lie far apart in memory here, and a row of `channels` numbers is too short for
vector code. So the numbers of the channels are repeated into rows of one chunk of memory, which
`channels` divides, and the inner loops run over chunks. Sums are kept in float64, in a fixed number
of slabs that are added in their order: no number depends on the threads.

Legend: T = time steps, N = neurons of a step (B·H·W·C), P = pixels (B·H·W), S = slabs, J = one
chunk. Activations are [T, N] or flat, float32 or the bits of bfloat16 (`cpu.floats`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.engine.cpu.floats import Array, fma, jit, put, widened
from harness.engine.lif.fused_cpu_kernels import Curve, Neuron, after_reset, back_one_step, fired

Sums = NDArray[np.float64]

_ZERO = np.float32(0)


@jit
def moments(values: Array, channels: int, chunk: int, sums: Sums, first: int, last: int) -> None:
    """sums[S, 0, C] = Σ x, sums[S, 1, C] = Σ x² over the pixels of the slabs `first` … `last`."""
    slabs, pixels = sums.shape[0], values.size // channels
    total, squares = np.empty(chunk, np.float64), np.empty(chunk, np.float64)
    for slab in range(first, last):
        start, stop = pixels * slab // slabs * channels, pixels * (slab + 1) // slabs * channels
        total[:] = 0.0
        squares[:] = 0.0
        for low in range(start, stop, chunk):
            row = values[low : min(low + chunk, stop)]
            for j in range(row.size):
                x = np.float64(widened(row[j]))
                total[j] += x
                squares[j] += x * x
        _fold(total, sums[slab, 0])
        _fold(squares, sums[slab, 1])


@jit
def _fold(row_J: Any, channels_C: Any) -> None:
    channels = channels_C.size
    channels_C[:] = 0.0
    for low in range(0, row_J.size, channels):
        for c in range(channels):
            channels_C[c] += row_J[low + c]


@jit
def normalise(
    values: Array,
    residual: Array,
    out: Array,
    scale_J: Array,
    shift_J: Array,
    channels: int,
    first: int,
    last: int,
) -> None:
    """out = scale·x + shift (+ residual, where it is not empty) of the pixels `first` … `last`."""
    stop = last * channels
    for low in range(first * channels, stop, scale_J.size):
        high = min(low + scale_J.size, stop)
        row, to = values[low:high], out[low:high]
        if residual.size:
            plus = residual[low:high]
            for j in range(row.size):
                to[j] = fma(widened(row[j]), scale_J[j], shift_J[j]) + plus[j]
        else:
            for j in range(row.size):
                to[j] = fma(widened(row[j]), scale_J[j], shift_J[j])


@jit
def gradient_sums(
    values: Array, grads: Array, mean_J: Array, channels: int, sums: Sums, first: int, last: int
) -> None:
    """sums[S, 0, C] = Σ g and sums[S, 1, C] = Σ g·(x − mean) of the slabs `first` … `last`."""
    slabs, pixels, chunk = sums.shape[0], values.size // channels, mean_J.size
    total, along = np.empty(chunk, np.float64), np.empty(chunk, np.float64)
    for slab in range(first, last):
        start, stop = pixels * slab // slabs * channels, pixels * (slab + 1) // slabs * channels
        total[:] = 0.0
        along[:] = 0.0
        for low in range(start, stop, chunk):
            high = min(low + chunk, stop)
            row, grad = values[low:high], grads[low:high]
            for j in range(row.size):
                g = widened(grad[j])
                total[j] += g
                along[j] += g * (widened(row[j]) - mean_J[j])
        _fold(total, sums[slab, 0])
        _fold(along, sums[slab, 1])


@jit
def gradient(
    values: Array,
    grads: Array,
    out: Array,
    mean_J: Array,
    scale_J: Array,
    constant_J: Array,
    slope_J: Array,
    channels: int,
    first: int,
    last: int,
) -> None:
    """out = scale·g − constant − slope·(x − mean) of the pixels; `out` may be `grads`.

    Vector code needs arrays that cannot overlap, so a chunk of `grads` is copied before `out` is
    written: in the first cache, which is cheaper than the other memory that it saves.
    """
    chunk, stop = scale_J.size, last * channels
    arrived = np.empty(chunk, np.float32)
    for low in range(first * channels, stop, chunk):
        high = min(low + chunk, stop)
        row, grad, to = values[low:high], grads[low:high], out[low:high]
        for j in range(row.size):
            arrived[j] = widened(grad[j]) * scale_J[j] - constant_J[j]
        for j in range(row.size):
            put(to, j, arrived[j] - slope_J[j] * (widened(row[j]) - mean_J[j]))


@jit
def fire(
    values: Array,
    spikes: Array,
    scale_J: Array,
    shift_J: Array,
    channels: int,
    neuron: Neuron,
    first: int,
    last: int,
) -> None:
    """Spikes [T, N] of LIF neurons on the current scale·x + shift; see `lif.fused_cpu_kernels`."""
    chunk, stop = scale_J.size, last * channels
    potential = np.empty(chunk, np.float32)
    for low in range(first * channels, stop, chunk):
        high = min(low + chunk, stop)
        potential[:] = _ZERO
        for t in range(values.shape[0]):
            row, out = values[t, low:high], spikes[t, low:high]
            for j in range(row.size):
                current = fma(widened(row[j]), scale_J[j], shift_J[j])
                spike, potential[j] = fired(potential[j], current, neuron)
                put(out, j, spike)


@jit
def fire_backward(
    values: Array,
    grad_spikes: Array,
    grads: Array,
    mean_J: Array,
    scale_J: Array,
    shift_J: Array,
    channels: int,
    neuron: Neuron,
    curve: Curve,
    sums: Sums,
    first: int,
    last: int,
) -> None:
    """grads [T, N] = ∂L/∂current, and their sums as in `gradient_sums`, of the slabs `first` …
    `last`; currents and potentials are computed again, chunk by chunk.
    """
    slabs, pixels, chunk = sums.shape[0], values.shape[1] // channels, mean_J.size
    steps, decay = values.shape[0], neuron[0]
    before_reset, potential = np.empty((steps, chunk), np.float32), np.empty(chunk, np.float32)
    slope, grad_potential = np.empty(chunk, np.float32), np.empty(chunk, np.float32)
    some, some_along = np.empty(chunk, np.float32), np.empty(chunk, np.float32)
    total, along = np.empty(chunk, np.float64), np.empty(chunk, np.float64)
    for slab in range(first, last):
        start, stop = pixels * slab // slabs * channels, pixels * (slab + 1) // slabs * channels
        total[:] = 0.0
        along[:] = 0.0
        for low in range(start, stop, chunk):
            high = min(low + chunk, stop)
            size = high - low
            potential[:] = _ZERO
            for t in range(steps):
                row, here = values[t, low:high], before_reset[t, :size]
                for j in range(size):
                    current = fma(widened(row[j]), scale_J[j], shift_J[j])
                    here[j] = potential[j] * decay + current
                after_reset(here, potential[:size], neuron)
            grad_potential[:] = _ZERO
            some[:] = _ZERO
            some_along[:] = _ZERO
            for t in range(steps - 1, -1, -1):
                here, arriving = before_reset[t, :size], grad_spikes[t, low:high]
                row, grad = values[t, low:high], grads[t, low:high]
                later = grad_potential[:size]
                back_one_step(here, arriving, grad, later, slope[:size], neuron, curve)
                for j in range(size):  # float32 over the steps of a chunk, float64 over all chunks
                    g = widened(grad[j])
                    some[j] += g
                    some_along[j] += g * (widened(row[j]) - mean_J[j])
            for j in range(size):
                total[j] += some[j]
                along[j] += some_along[j]
        _fold(total, sums[slab, 0])
        _fold(along, sums[slab, 1])
