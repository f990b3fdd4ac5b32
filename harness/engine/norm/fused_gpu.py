"""tdBN in training on CUDA and what follows it, in one pass over memory: LIF neurons, ReLU, or the
sum with a shortcut; Triton kernels under one autograd node that keeps only its input.

Against the layers one after the other it writes and reads no current: of halves with T = 4, 4 bytes
per number and step forward instead of 10, and 10 instead of 16 backward.

Legend: T = time steps, B = batch, C = channels, H, W = height and width; activations are folded,
[T·B, C, H, W], channels-last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from harness.engine.lif.dynamics import Dynamics
from harness.engine.lif.fused_cpu import kind_and_numbers
from harness.engine.lif.fused_gpu import (
    curve_of,
    decay_of,
    launch,
    obstacle_on_gpu,
    on,
    sum_like,
)
from harness.parts.surrogates import Rectangle

NOTHING, RELU, LIF = range(3)  # what follows the norm, as the kernels number it
_MOST_STEPS = 8  # whose potentials stay in registers
_FEW_STEPS = 4  # of which a thread has registers for as many halves as 16 bytes hold
_THREADS = 128
_COLUMNS = 64  # channels of a tile, at most
_PROGRAMS = 1024  # that keep every multiprocessor of a large GPU busy
_LAST = torch.channels_last


@dataclass(frozen=True)
class Behind:
    """What follows the norm: neurons with their time steps, or ReLU, or a shortcut, or nothing."""

    kind: int = NOTHING
    dynamics: Dynamics | None = None
    time_steps: int = 1
    spike_dtype: torch.dtype | None = None


@dataclass(frozen=True)
class Running:
    """The running statistics of a norm, which a call moves, and how."""

    mean: Tensor
    variance: Tensor
    momentum: float
    eps: float


def obstacle(folded: Tensor, weight: Tensor, behind: Behind) -> str:
    """Why the kernels cannot take these activations; empty where they can."""
    if weight.dtype != torch.float32:
        return f"the norm is {weight.dtype}"
    if folded.ndim != 4 or not folded.is_contiguous(memory_format=_LAST):
        return f"activations of {folded.ndim} dimensions whose channels are not last in memory"
    if folded.numel() <= folded.shape[1]:
        return "a variance needs two values"
    if behind.time_steps > _MOST_STEPS:
        return f"{behind.time_steps} time steps, of which {_MOST_STEPS} fit into registers"
    return obstacle_on_gpu(folded, behind.dynamics or _RESTING)


_RESTING = Dynamics(0.0, 0.0, Rectangle(kind="rectangle"))


def normalised(
    folded: Tensor,
    weight: Tensor,
    bias: Tensor,
    running: Running,
    behind: Behind,
    shortcut: Tensor | None = None,
) -> Tensor:
    """Spikes, rectified or plain activations of γ·(x − μ)/√(σ² + ε) + β, the last plus `shortcut`
    (channels-last) where given. The current is float32 on its way, whatever the activations are.
    """
    decay = None if behind.dynamics is None else behind.dynamics.decay
    made: Tensor = _Normalise.apply(folded, weight, bias, shortcut, decay, running, behind)
    return made


class _Normalise(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        folded: Tensor,
        weight: Tensor,
        bias: Tensor,
        shortcut: Tensor | None,
        decay: float | Tensor | None,
        running: Running,
        behind: Behind,
    ) -> Tensor:
        from harness.engine.norm import fused_gpu_kernels as kernels

        ctx.behind = behind
        with on(folded):
            rows = _learn(folded, weight, bias, running)
            ctx.save_for_backward(folded, rows)
            dtype = behind.spike_dtype or folded.dtype
            if shortcut is not None:
                dtype = torch.promote_types(dtype, shortcut.dtype)
            made = torch.empty_like(folded, dtype=dtype)
            pixels, numbers, choices = call(folded, behind)
            grid, tile = tiles(folded, pixels)
            kernels.forward[grid](
                folded,
                folded if shortcut is None else shortcut,
                made,
                rows,
                pixels,
                folded.shape[1],
                *numbers,
                WITH_SHORTCUT=shortcut is not None,
                **tile,
                **choices,
            )
        return made

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        from harness.engine.norm import fused_gpu_kernels as kernels

        folded, rows = ctx.saved_tensors
        behind: Behind = ctx.behind
        channels, counted = folded.shape[1], folded.numel() // folded.shape[1]
        arriving = grads[0].contiguous(memory_format=_LAST)
        made = torch.empty_like(folded)
        pixels, numbers, choices = call(folded, behind)
        dynamics = behind.dynamics or _RESTING
        curve, kind = curve_of(dynamics), kind_and_numbers(dynamics.surrogate)[0]
        slopes, to_weights = rows.new_empty(2, channels), rows.new_empty(2, channels)
        arrays = (folded, arriving, made, rows, slopes)
        with on(folded):
            grid, tile, repeats = _summing(folded, pixels)
            sums = rows.new_empty(grid[0], 3, channels)
            both = (sums, pixels, channels, *numbers, *curve)
            choices |= {"KIND": kind}
            kernels.backward[grid](*arrays, *both, SUMMING=True, REPEATS=repeats, **tile, **choices)
            totals = sums.sum(0, dtype=torch.float64)
            few = _one_row(channels)
            kernels.slopes_of[few[0]](totals, rows, slopes, to_weights, counted, channels, **few[1])
            grid, tile = tiles(folded, pixels)
            kernels.backward[grid](*arrays, *both, SUMMING=False, REPEATS=1, **tile, **choices)
        to_shortcut = grads[0] if ctx.needs_input_grad[3] else None
        to_decay = sum_like(totals[2], dynamics) if ctx.needs_input_grad[4] else None
        return made, to_weights[0], to_weights[1], to_shortcut, to_decay, None, None


def _learn(folded: Tensor, weight: Tensor, bias: Tensor, running: Running) -> Tensor:
    """The numbers of the channels, [4, C], after the running statistics have moved."""
    from harness.engine.norm import fused_gpu_kernels as kernels

    channels, counted = folded.shape[1], folded.numel() // folded.shape[1]
    grid, tile, repeats = _summing(folded, counted)
    sums = weight.new_empty(grid[0], 2, channels)
    kernels.moments[grid](folded, sums, counted, channels, REPEATS=repeats, **tile)
    rows = weight.new_empty(4, channels)
    few, columns = _one_row(channels)
    kernels.learn[few](
        folded,
        sums.sum(0, dtype=torch.float64),
        weight,
        bias,
        running.mean,
        running.variance,
        rows,
        counted,
        counted,
        running.momentum,
        running.eps,
        channels,
        **columns,
    )
    return rows


def call(folded: Tensor, behind: Behind) -> tuple[int, tuple[Any, ...], dict[str, Any]]:
    """Pixels of a step, decay and threshold, and how the kernels are compiled."""
    pixels = folded.numel() // (folded.shape[1] * behind.time_steps)
    dynamics = behind.dynamics or _RESTING
    _, choices = launch(folded.view(behind.time_steps, -1, *folded.shape[1:]), dynamics)
    for unused in ("SEGMENT", "BLOCK"):
        del choices[unused]
    return pixels, (decay_of(dynamics), dynamics.threshold), choices | {"BEHIND": behind.kind}


def tiles(folded: Tensor, pixels: int) -> tuple[tuple[int, int], dict[str, int]]:
    """A program for each tile of pixels and channels, whose threads load 16 bytes at a time; 8 of
    halves over many steps, whose potentials would take more registers than there are.
    """
    channels = folded.shape[1]
    steps = folded.numel() // (channels * pixels)
    each = 4 if steps > _FEW_STEPS else 16 // folded.element_size()
    columns = min(_COLUMNS, 1 << (channels - 1).bit_length())
    rows = _THREADS * each // columns
    return (-(-pixels // rows), -(-channels // columns)), {"ROWS": rows, "COLUMNS": columns}


def _summing(folded: Tensor, pixels: int) -> tuple[tuple[int, int], dict[str, int], int]:
    """The same with fewer programs, of several tiles each: less partial sums to write."""
    (along, across), tile = tiles(folded, pixels)
    repeats = 1 << min(3, max(0, (along // _PROGRAMS).bit_length() - 1))
    return (-(-along // repeats), across), tile, repeats


def _one_row(channels: int) -> tuple[tuple[int], dict[str, int]]:
    return (-(-channels // _COLUMNS),), {"COLUMNS": _COLUMNS}
