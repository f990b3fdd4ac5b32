"""tdBN in training for CUDA, in Triton, in one pass with what follows it: LIF neurons, ReLU, or the
sum with a shortcut; importing this file imports triton.

Bytes are the limit, so the current between norm and neurons never lies in memory: the backward pass
reads the activations twice and computes currents and potentials again each time. One program takes
a tile of pixels and channels through all time steps; what it adds up it leaves as float32 partial
sums, which are added in float64 and a fixed order: two runs give the same bits.

Legend: T = time steps, P = pixels of a step (B·H·W), C = channels, G = programs along the pixels.
Activations are channels-last, [T, P, C] in memory. `rows` [4, C] float32: mean, 1/√(σ² + ε), and
scale and shift of y = scale·x + shift.
"""

# triton compiles annotations too and knows only its own, so the kernels go without
# mypy: ignore-errors

from __future__ import annotations

import triton
import triton.language as tl

from harness.engine.lif.fused_gpu_kernels import (
    after_reset,
    kept_fraction,
    spike_of,
    through_step,
)

NOTHING, RELU, LIF = (tl.constexpr(kind) for kind in range(3))  # what follows the norm


@triton.jit
def _tile(
    repeat, pixels, channels, REPEATS: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr
):
    """Where the numbers of a tile lie in a step, its channels, and which of both there are."""
    first = (tl.program_id(0) * REPEATS + repeat).to(tl.int64) * ROWS
    pixel = first + tl.arange(0, ROWS)[:, None]
    channel = (tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS))[None, :]
    return pixel * channels + channel, (pixel < pixels) & (channel < channels)


@triton.jit
def _row(rows, which, channels, COLUMNS: tl.constexpr):
    channel = (tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS))[None, :]
    return tl.load(rows + which * channels + channel, mask=channel < channels, other=0.0)


@triton.jit
def _leave(sums, which, numbers, channels, KINDS: tl.constexpr, COLUMNS: tl.constexpr):
    """Of a tile, summed over its pixels: sums[G, kind, C]."""
    channel = tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS)
    place = (tl.program_id(0) * KINDS + which) * channels + channel
    tl.store(sums + place, tl.sum(numbers, axis=0), mask=channel < channels)


@triton.jit
def moments(
    values,
    sums,
    pixels,
    channels,
    REPEATS: tl.constexpr,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
):
    """sums[G, 0, C] = Σ (x − x₀), sums[G, 1, C] = Σ (x − x₀)², x₀ the channel's first number: far
    from 0 a difference of sums of squares would keep no digit.
    """
    first = _row(values, 0, channels, COLUMNS).to(tl.float32)
    total = tl.zeros([ROWS, COLUMNS], tl.float32)
    squares = tl.zeros([ROWS, COLUMNS], tl.float32)
    for repeat in range(REPEATS):
        place, inside = _tile(repeat, pixels, channels, REPEATS, ROWS, COLUMNS)
        value = tl.load(values + place, mask=inside, other=0.0).to(tl.float32)
        distance = tl.where(inside, value - first, 0.0)
        total += distance
        squares += distance * distance
    _leave(sums, 0, total, channels, 2, COLUMNS)
    _leave(sums, 1, squares, channels, 2, COLUMNS)


@triton.jit
def learn(
    values,
    totals,
    weight,
    bias,
    running_mean,
    running_variance,
    rows,
    pixels,
    counted,
    momentum,
    eps,
    channels,
    COLUMNS: tl.constexpr,
):
    """`rows` of the sums over all pixels, totals[2, C] float64; the running statistics move towards
    them, the variance unbiased as that of `counted` pixels.
    """
    channel = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)
    inside = channel < channels
    first = tl.load(values + channel, mask=inside, other=0.0).to(tl.float64)
    mean = tl.load(totals + channel, mask=inside, other=0.0) / pixels
    square = tl.load(totals + channels + channel, mask=inside, other=0.0) / pixels
    variance = tl.maximum(square - mean * mean, 0.0, propagate_nan=tl.PropagateNan.ALL)
    mean += first
    deviation = (1.0 / tl.sqrt(variance + eps)).to(tl.float32)
    scale = deviation * tl.load(weight + channel, mask=inside, other=0.0)
    shift = tl.load(bias + channel, mask=inside, other=0.0) - mean * scale
    tl.store(rows + channel, mean.to(tl.float32), mask=inside)
    tl.store(rows + channels + channel, deviation, mask=inside)
    tl.store(rows + 2 * channels + channel, scale, mask=inside)
    tl.store(rows + 3 * channels + channel, shift.to(tl.float32), mask=inside)
    unbiased = variance * (counted / (tl.cast(counted, tl.float64) - 1.0))
    before = tl.load(running_mean + channel, mask=inside, other=0.0).to(tl.float64)
    now = before + momentum * (mean - before)
    tl.store(running_mean + channel, now.to(tl.float32), mask=inside)
    before = tl.load(running_variance + channel, mask=inside, other=0.0).to(tl.float64)
    now = before + momentum * (unbiased - before)
    tl.store(running_variance + channel, now.to(tl.float32), mask=inside)


@triton.jit
def forward(
    values,
    shortcut,
    made,
    rows,
    pixels,
    channels,
    decay,
    threshold,
    STEPS: tl.constexpr,
    BEHIND: tl.constexpr,
    WITH_SHORTCUT: tl.constexpr,
    LEARNED: tl.constexpr,
    AT_THRESHOLD: tl.constexpr,
    SOFT: tl.constexpr,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
):
    """What follows the norm; the potential stays in registers."""
    place, inside = _tile(0, pixels, channels, 1, ROWS, COLUMNS)
    scale, shift = _row(rows, 2, channels, COLUMNS), _row(rows, 3, channels, COLUMNS)
    kept = kept_fraction(decay, LEARNED)
    potential = tl.zeros([ROWS, COLUMNS], tl.float32)
    for k in tl.static_range(STEPS):
        here = place + tl.cast(k, tl.int64) * pixels * channels
        value = tl.load(values + here, mask=inside, other=0.0).to(tl.float32)
        result = value * scale + shift
        if WITH_SHORTCUT:
            result += tl.load(shortcut + here, mask=inside, other=0.0).to(tl.float32)
        if BEHIND == RELU:
            result = tl.maximum(result, 0.0, propagate_nan=tl.PropagateNan.ALL)
        if BEHIND == LIF:
            before_reset = potential * kept + result
            result = spike_of(before_reset, threshold, AT_THRESHOLD)
            potential = after_reset(before_reset, result, threshold, SOFT)
        tl.store(made + here, result.to(made.dtype.element_ty), mask=inside)


@triton.jit
def backward(
    values,
    grad_made,
    grad_values,
    rows,
    slopes,
    sums,
    pixels,
    channels,
    decay,
    threshold,
    through_reset,
    first,
    second,
    third,
    STEPS: tl.constexpr,
    BEHIND: tl.constexpr,
    SUMMING: tl.constexpr,
    LEARNED: tl.constexpr,
    AT_THRESHOLD: tl.constexpr,
    SOFT: tl.constexpr,
    KIND: tl.constexpr,
    REPEATS: tl.constexpr,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
):
    """With g = ∂L/∂y: if SUMMING, sums[G, 0, C] = Σ g, sums[G, 1, C] = Σ g·(x − μ) and, of a decay
    that is learned, sums[G, 2, C] = Σ g·u(t−1); else grad_values = scale·g − a − b·(x − μ), with
    `slopes` [2, C] = a, b. Both compute g again from the activations.
    """
    mean, scale = _row(rows, 0, channels, COLUMNS), _row(rows, 2, channels, COLUMNS)
    shift = _row(rows, 3, channels, COLUMNS)
    if not SUMMING:
        constant = _row(slopes, 0, channels, COLUMNS)
        slope = _row(slopes, 1, channels, COLUMNS)
    kept = kept_fraction(decay, LEARNED)
    total = tl.zeros([ROWS, COLUMNS], tl.float32)
    along = tl.zeros([ROWS, COLUMNS], tl.float32)
    share = tl.zeros([ROWS, COLUMNS], tl.float32)
    for repeat in range(REPEATS):
        place, inside = _tile(repeat, pixels, channels, REPEATS, ROWS, COLUMNS)
        potentials, before_reset = (), ()
        if BEHIND == LIF:
            potential = tl.zeros([ROWS, COLUMNS], tl.float32)
            for k in tl.static_range(STEPS):
                here = place + tl.cast(k, tl.int64) * pixels * channels
                value = tl.load(values + here, mask=inside, other=0.0).to(tl.float32)
                potentials = potentials + (potential,)  # noqa: RUF005
                charged = potential * kept + (value * scale + shift)
                before_reset = before_reset + (charged,)  # noqa: RUF005
                spike = spike_of(charged, threshold, AT_THRESHOLD)
                potential = after_reset(charged, spike, threshold, SOFT)
        later = tl.zeros([ROWS, COLUMNS], tl.float32)
        for k in tl.static_range(STEPS - 1, -1, -1):
            here = place + tl.cast(k, tl.int64) * pixels * channels
            value = tl.load(values + here, mask=inside, other=0.0).to(tl.float32)
            grad = tl.load(grad_made + here, mask=inside, other=0.0).to(tl.float32)
            if BEHIND == RELU:
                grad = tl.where(value * scale + shift > 0.0, grad, 0.0)
            if BEHIND == LIF:
                grad = through_step(
                    before_reset[k],
                    grad,
                    later,
                    k == STEPS - 1,
                    threshold,
                    through_reset,
                    first,
                    second,
                    third,
                    KIND,
                    AT_THRESHOLD,
                    SOFT,
                )
                grad = tl.where(inside, grad, 0.0)
                later = grad * kept
            if SUMMING:
                total += grad
                along += grad * tl.where(inside, value - mean, 0.0)
                if LEARNED:
                    share += grad * potentials[k]
            else:
                result = grad * scale - constant - slope * (value - mean)
                result = result.to(grad_values.dtype.element_ty)
                tl.store(grad_values + here, result, mask=inside)
    if SUMMING:
        _leave(sums, 0, total, channels, 3, COLUMNS)
        _leave(sums, 1, along, channels, 3, COLUMNS)
        _leave(sums, 2, share, channels, 3, COLUMNS)


@triton.jit
def slopes_of(totals, rows, slopes, grads, pixels, channels, COLUMNS: tl.constexpr):
    """Of totals[3, C] float64: a = scale·⟨g⟩ and b = scale·⟨g·(x − μ)⟩/(σ² + ε) of `backward`, and
    grads[2, C] = ∂L/∂γ, ∂L/∂β.
    """
    channel = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)
    inside = channel < channels
    deviation = tl.load(rows + channels + channel, mask=inside, other=0.0).to(tl.float64)
    scale = tl.load(rows + 2 * channels + channel, mask=inside, other=0.0).to(tl.float64)
    total = tl.load(totals + channel, mask=inside, other=0.0)
    along = tl.load(totals + channels + channel, mask=inside, other=0.0) * deviation
    tl.store(slopes + channel, (scale * total / pixels).to(tl.float32), mask=inside)
    slope = scale * deviation * along / pixels
    tl.store(slopes + channels + channel, slope.to(tl.float32), mask=inside)
    tl.store(grads + channel, along.to(tl.float32), mask=inside)
    tl.store(grads + channels + channel, total.to(tl.float32), mask=inside)
