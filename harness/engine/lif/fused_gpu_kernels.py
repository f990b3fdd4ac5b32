"""The fused LIF kernels for CUDA, in Triton; importing this file imports triton.

One program takes `BLOCK` neurons through all time steps with their state in registers, so that each
number is read once and written once. Time runs in segments of `SEGMENT` unrolled steps: where T is
longer than one, the forward pass leaves the potential at each segment's start behind (1/SEGMENT of
a float32 tensor), and the backward pass computes one segment at a time again in registers.

Every product and sum must round on its own: a fused multiply-add rounds once instead of twice and
would flip spikes against the reference. The launch therefore says `enable_fp_fusion=False`.

Legend: T = time steps, N = neurons of all images, flat. Arrays [T, N], memory of a step contiguous;
`starts` float32 [segments − 1, N]. A decay that is learned comes as a pointer (`LEARNED`).
"""

# triton compiles annotations too and knows only its own, so the kernels go without
# mypy: ignore-errors

from __future__ import annotations

import triton
import triton.language as tl

RECTANGLE, DSPIKE, TRIANGLE, ARCTAN = (tl.constexpr(kind) for kind in range(4))  # surrogates


@triton.jit
def place(column, step, neurons):
    """Where a number lies in an array [T, N], in 64 bits: T·N may exceed 2³¹."""
    return column + tl.cast(step, tl.int64) * neurons


@triton.jit
def kept_fraction(decay, LEARNED: tl.constexpr):
    """The decay itself."""
    return tl.load(decay).to(tl.float32) if LEARNED else decay


@triton.jit
def spike_of(before_reset, threshold, AT_THRESHOLD: tl.constexpr):
    """1 above the threshold, else 0, and NaN where the potential is not finite (x − x is 0 for
    every finite x).
    """
    fired = before_reset >= threshold if AT_THRESHOLD else before_reset > threshold
    return fired.to(tl.float32) + (before_reset - before_reset)


@triton.jit
def after_reset(before_reset, spike, threshold, SOFT: tl.constexpr):
    """The potential that a step hands on."""
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
def through_step(
    before_reset,
    arriving,
    later,
    is_last,
    threshold,
    through_reset,
    first,
    second,
    third,
    KIND: tl.constexpr,
    AT_THRESHOLD: tl.constexpr,
    SOFT: tl.constexpr,
):
    """Gradient of the current, from those of the spikes and of the potential after the reset, which
    no step reads behind the last.

    `through_reset` is 0 when detached, else 1 for the hard reset and the threshold for the soft.
    """
    slope = _slope(before_reset - threshold, first, second, third, KIND)
    if SOFT:
        kept = 1.0 - through_reset * slope
    else:
        spike = spike_of(before_reset, threshold, AT_THRESHOLD)
        kept = 1.0 - spike - through_reset * before_reset * slope
    return arriving * slope + tl.where(is_last, 0.0, later * kept)


@triton.jit
def forward(
    current,
    spikes,
    starts,
    neurons,
    decay,
    threshold,
    STEPS: tl.constexpr,
    SEGMENT: tl.constexpr,
    BLOCK: tl.constexpr,
    LEARNED: tl.constexpr,
    AT_THRESHOLD: tl.constexpr,
    SOFT: tl.constexpr,
    KEEP_STARTS: tl.constexpr,
):
    """Spikes of all neurons; with KEEP_STARTS also the potential before each segment but the
    first.
    """
    column = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    kept = kept_fraction(decay, LEARNED)
    potential = tl.zeros([BLOCK], tl.float32)
    for segment in range((STEPS + SEGMENT - 1) // SEGMENT):
        if KEEP_STARTS:
            mask = column < tl.where(segment > 0, neurons, 0)
            tl.store(starts + place(column, segment - 1, neurons), potential, mask=mask)
        for k in tl.static_range(SEGMENT):
            step = segment * SEGMENT + k
            mask = column < tl.where(step < STEPS, neurons, 0)
            here = place(column, step, neurons)
            drive = tl.load(current + here, mask=mask, other=0.0).to(tl.float32)
            before_reset = potential * kept + drive
            spike = spike_of(before_reset, threshold, AT_THRESHOLD)
            tl.store(spikes + here, spike.to(spikes.dtype.element_ty), mask=mask)
            potential = after_reset(before_reset, spike, threshold, SOFT)


@triton.jit
def backward(
    current,
    starts,
    grad_spikes,
    grad_current,
    shares,
    neurons,
    decay,
    threshold,
    through_reset,
    first,
    second,
    third,
    STEPS: tl.constexpr,
    SEGMENT: tl.constexpr,
    BLOCK: tl.constexpr,
    LEARNED: tl.constexpr,
    AT_THRESHOLD: tl.constexpr,
    SOFT: tl.constexpr,
    KEPT_STARTS: tl.constexpr,
    KIND: tl.constexpr,
):
    """Backward through time, the last segment first; with LEARNED each program leaves its share of
    the decay's gradient, Σ_t Σ_n ∂L/∂i(t)·u(t−1), in `shares`.
    """
    column = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    kept = kept_fraction(decay, LEARNED)
    grad_potential = tl.zeros([BLOCK], tl.float32)
    share = tl.zeros([BLOCK], tl.float32)
    SEGMENTS: tl.constexpr = (STEPS + SEGMENT - 1) // SEGMENT
    for done in range(SEGMENTS):
        segment = SEGMENTS - 1 - done
        potential = tl.zeros([BLOCK], tl.float32)
        if KEPT_STARTS:
            mask = column < tl.where(segment > 0, neurons, 0)
            potential = tl.load(starts + place(column, segment - 1, neurons), mask=mask, other=0.0)
        potentials, before_reset = (), ()
        for k in tl.static_range(SEGMENT):
            step = segment * SEGMENT + k
            mask = column < tl.where(step < STEPS, neurons, 0)
            here = place(column, step, neurons)
            drive = tl.load(current + here, mask=mask, other=0.0).to(tl.float32)
            potentials = potentials + (potential,)  # noqa: RUF005
            before_reset = before_reset + (potential * kept + drive,)  # noqa: RUF005
            spike = spike_of(before_reset[k], threshold, AT_THRESHOLD)
            potential = after_reset(before_reset[k], spike, threshold, SOFT)
        for k in tl.static_range(SEGMENT - 1, -1, -1):
            step = segment * SEGMENT + k
            mask = column < tl.where(step < STEPS, neurons, 0)
            here = place(column, step, neurons)
            grad = through_step(
                before_reset[k],
                tl.load(grad_spikes + here, mask=mask, other=0.0).to(tl.float32),
                grad_potential,
                step + 1 >= STEPS,
                threshold,
                through_reset,
                first,
                second,
                third,
                KIND,
                AT_THRESHOLD,
                SOFT,
            )
            grad = tl.where(mask, grad, 0.0)
            tl.store(grad_current + here, grad.to(grad_current.dtype.element_ty), mask=mask)
            grad_potential = grad * kept
            if LEARNED:
                share += grad * potentials[k]
    if LEARNED:
        tl.store(shares + tl.program_id(0), tl.sum(share, axis=0))
