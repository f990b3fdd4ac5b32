"""The fused LIF kernels for CUDA, in Triton; importing this file imports triton.

One program takes `BLOCK` neurons through all time steps with their state in registers, so that each
number is read once and written once. Time runs in segments of `SEGMENT` unrolled steps: where T is
longer than one, the forward pass leaves the potential at each segment's start behind (1/SEGMENT of
a float32 tensor), and the backward pass computes one segment at a time again in registers.

Every product and sum must round on its own: a fused multiply-add rounds once instead of twice and
would flip spikes against the reference. The launch therefore says `enable_fp_fusion=False`.

Legend: T = time steps, N = neurons of all images, flat. Arrays [T, N], memory of a step contiguous;
`starts` float32 [segments − 1, N].
"""

# triton compiles annotations too and knows only its own, so the kernels go without
# mypy: ignore-errors

from __future__ import annotations

import triton
import triton.language as tl

RECTANGLE, DSPIKE, TRIANGLE, ARCTAN = (tl.constexpr(kind) for kind in range(4))  # surrogates


@triton.jit
def _spike(before_reset, threshold, AT_THRESHOLD: tl.constexpr):
    """1 above the threshold, else 0, and NaN where the potential is not finite (x − x is 0 for
    every finite x).
    """
    fired = before_reset >= threshold if AT_THRESHOLD else before_reset > threshold
    return fired.to(tl.float32) + (before_reset - before_reset)


@triton.jit
def _reset(before_reset, spike, threshold, SOFT: tl.constexpr):
    return before_reset - threshold * spike if SOFT else before_reset * (1.0 - spike)


@triton.jit
def _slope(distance, first, second, third, KIND: tl.constexpr):
    """The surrogate's derivative; `fused_gpu` says what its numbers are. Dspike: peak·sech²(k·x) =
    peak·4e/(1 + e)², e = exp(−2k|x|).
    """
    far = tl.abs(distance)
    if KIND == RECTANGLE:
        slope = (far < first).to(tl.float32) * second
    elif KIND == DSPIKE:
        e = tl.exp(-2.0 * first * far)
        slope = (far <= second).to(tl.float32) * third * 4.0 * e / ((1.0 + e) * (1.0 + e))
    elif KIND == TRIANGLE:
        slope = tl.maximum(first - far, 0.0, propagate_nan=tl.PropagateNan.ALL) * second
    else:
        slope = second / (1.0 + far * first * (far * first))
    return slope


@triton.jit
def forward(
    current,
    spikes,
    starts,
    neurons,
    steps,
    decay,
    threshold,
    AT_THRESHOLD: tl.constexpr,
    SOFT: tl.constexpr,
    KEEP_STARTS: tl.constexpr,
    SEGMENT: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Spikes of all neurons; with KEEP_STARTS also the potential before each segment but the
    first.
    """
    column = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    place, start = column, column
    potential = tl.zeros([BLOCK], tl.float32)
    for segment in range((steps + SEGMENT - 1) // SEGMENT):
        first_step = tl.full((), SEGMENT, tl.int32) * segment
        if KEEP_STARTS:
            mask = column < tl.where(first_step > 0, neurons, 0)
            tl.store(starts + start - neurons, potential, mask=mask)
            start += neurons
        for k in tl.static_range(SEGMENT):
            mask = column < tl.where(first_step + k < steps, neurons, 0)
            drive = tl.load(current + place, mask=mask, other=0.0).to(tl.float32)
            before_reset = potential * decay + drive
            spike = _spike(before_reset, threshold, AT_THRESHOLD)
            tl.store(spikes + place, spike.to(spikes.dtype.element_ty), mask=mask)
            potential = _reset(before_reset, spike, threshold, SOFT)
            place += neurons


@triton.jit
def backward(
    current,
    starts,
    grad_spikes,
    grad_current,
    neurons,
    steps,
    decay,
    threshold,
    through_reset,
    first,
    second,
    third,
    KIND: tl.constexpr,
    AT_THRESHOLD: tl.constexpr,
    SOFT: tl.constexpr,
    KEPT_STARTS: tl.constexpr,
    SEGMENT: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Backward through time, the last segment first.

    `through_reset` is 0 when detached, else 1 for the hard reset and the threshold for the soft.
    """
    column = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    segment_size = tl.full([1], SEGMENT, tl.int64) * neurons
    segments = (steps + SEGMENT - 1) // SEGMENT
    grad_potential = tl.zeros([BLOCK], tl.float32)
    for done in range(segments):
        segment = tl.full((), segments - 1, tl.int32) - done
        first_step = segment * SEGMENT
        place = column + segment_size * segment
        potential = tl.zeros([BLOCK], tl.float32)
        if KEPT_STARTS:
            start = column + (segment_size // SEGMENT) * (segment - 1)
            mask = column < tl.where(segment > 0, neurons, 0)
            potential = tl.load(starts + start, mask=mask, other=0.0)
        before_reset = ()
        for k in tl.static_range(SEGMENT):
            mask = column < tl.where(first_step + k < steps, neurons, 0)
            drive = tl.load(current + place + k * neurons, mask=mask, other=0.0).to(tl.float32)
            before_reset = before_reset + (potential * decay + drive,)  # noqa: RUF005
            spike = _spike(before_reset[k], threshold, AT_THRESHOLD)
            potential = _reset(before_reset[k], spike, threshold, SOFT)
        for k in tl.static_range(SEGMENT - 1, -1, -1):
            mask = column < tl.where(first_step + k < steps, neurons, 0)
            slope = _slope(before_reset[k] - threshold, first, second, third, KIND)
            arriving = tl.load(grad_spikes + place + k * neurons, mask=mask, other=0.0)
            if SOFT:
                kept = 1.0 - through_reset * slope
            else:
                spike = _spike(before_reset[k], threshold, AT_THRESHOLD)
                kept = 1.0 - spike - through_reset * before_reset[k] * slope
            later = tl.where(first_step + k + 1 < steps, grad_potential * kept, 0.0)
            grad = arriving.to(tl.float32) * slope + later
            grad = tl.where(first_step + k < steps, grad, 0.0)
            target = grad_current + place + k * neurons
            tl.store(target, grad.to(grad_current.dtype.element_ty), mask=mask)
            grad_potential = grad * decay
