"""tdBN on channels-last activations on the CPU, in training: numba kernels under autograd nodes
that keep only the input.

torch's own batch norm sums in float32 where channels are last: 1.3e-5 off, enough to flip spikes,
and a flipped spike moves all that follows. These sums are float64 and every rounding is that of
torch's batch norm on contiguous images, so the two memory formats give the same bits (where the
pixels of an image fill torch's vectors; the last few it rounds twice).

Legend: T = time steps, B = batch, C = channels, H, W = height and width, J = one chunk of memory,
N = neurons of a step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, distributed
from torch.autograd.function import once_differentiable

from harness.engine.cpu.threads import in_threads
from harness.engine.lif import fused_cpu

Floats = NDArray[np.float32]
Sums = NDArray[np.float64]

_SLABS = 16  # of the sums, whatever the number of threads
_CHUNK = 1024  # numbers, at most, of the rows that stay in the first cache
_DTYPES = (torch.float32, torch.bfloat16)


@dataclass(frozen=True)
class BatchStatistics:
    """What a batch says about each channel, over time, images and pixels together."""

    mean_C: NDArray[np.float64]
    variance_C: NDArray[np.float64]  # biased
    pixels: int  # T·B·H·W, of all processes where they are `shared`
    shared: bool = False


def fits(folded: Tensor, weight: Tensor) -> bool:
    """Whether these kernels can take the activations [T·B, C, H, W], for a layer of this weight."""
    return (
        not torch.compiler.is_compiling()  # which sees through no compiled kernel
        and weight.dtype
        == torch.float32  # not so in a network that is float64 or bfloat16 as a whole
        and folded.device.type == "cpu"
        and folded.dtype in _DTYPES
        and folded.ndim == 4
        and folded.is_contiguous(memory_format=torch.channels_last)
        and folded.numel() > folded.shape[1]  # a variance needs two values
        and fused_cpu.numba_installed()
    )


def moments(folded: Tensor, *, shared: bool = False) -> BatchStatistics:
    """Mean and variance of each channel; with `shared`, over the batches of all processes."""
    from harness.engine.norm import channels_last_kernels as kernels

    channels = folded.shape[1]
    sums = summed(
        kernels.moments, folded.numel(), channels, flat(folded), channels, _size(channels)
    )
    pixels = folded.numel() // channels
    if shared:
        total = summed_over_ranks(np.append(sums, float(pixels)))
        sums, pixels = total[:-1].reshape(2, channels), int(total[-1])
    mean_C, squares_C = sums / pixels
    with np.errstate(invalid="ignore"):  # ∞ − ∞: NaN, which the divergence check finds
        variance_C = squares_C - mean_C**2
    return BatchStatistics(mean_C, np.maximum(variance_C, 0.0), pixels, shared)


def normalised(
    folded: Tensor,
    weight: Tensor,
    bias: Tensor,
    found: BatchStatistics,
    eps: float,
    residual: Tensor | None = None,
) -> Tensor:
    """γ·(x − μ)/√(σ² + ε) + β in float32, plus `residual` (float32, channels-last) where given."""
    made: Tensor = _Normalise.apply(folded, weight, bias, residual, found, eps)
    return made


class _Normalise(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        folded: Tensor,
        weight: Tensor,
        bias: Tensor,
        residual: Tensor | None,
        found: BatchStatistics,
        eps: float,
    ) -> Tensor:
        from harness.engine.norm import channels_last_kernels as kernels

        rows = Rows.of(found, weight, bias, eps)
        out = torch.empty_like(folded, dtype=torch.float32)
        kernel = partial(
            kernels.normalise,
            flat(folded),
            np.empty(0, np.float32) if residual is None else flat(residual),
            flat(out),
            rows.scale_J,
            rows.shift_J,
            len(weight),
        )
        in_threads(kernel, folded.numel() // len(weight), elements=folded.numel())
        ctx.save_for_backward(folded)
        ctx.rows, ctx.found = rows, found
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        from harness.engine.norm import channels_last_kernels as kernels

        (folded,) = ctx.saved_tensors
        rows: Rows = ctx.rows
        values, channels = flat(folded), folded.shape[1]
        arriving = grads[0].contiguous(memory_format=torch.channels_last)
        arrays = (values, flat(arriving), rows.mean_J, channels)
        sums = summed(kernels.gradient_sums, folded.numel(), channels, *arrays)
        out = torch.empty_like(folded)
        gradient(values, flat(arriving), flat(out), rows, sums, ctx.found)
        to_residual = grads[0] if ctx.needs_input_grad[3] else None
        return (out, *to_weights(sums, rows), to_residual, None, None)


@dataclass(frozen=True)
class Rows:
    """The numbers of the channels, repeated to the length of a chunk."""

    mean_J: Floats
    deviation_C: Floats  # 1/√(σ² + ε), once per channel
    scale_J: Floats
    shift_J: Floats

    @classmethod
    def of(cls, found: BatchStatistics, weight: Tensor, bias: Tensor, eps: float) -> Rows:
        """y = scale·x + shift, each number rounded to float32 where torch rounds it."""
        mean_C = found.mean_C.astype(np.float32)
        variance_C = found.variance_C.astype(np.float32).astype(np.float64)
        deviation_C = (1.0 / np.sqrt(variance_C + eps)).astype(np.float32)
        scale_C = deviation_C * weight.detach().numpy()
        lost_C = mean_C.astype(np.float64) * scale_C
        shift_C = (bias.detach().numpy() - lost_C).astype(np.float32)
        repeat = _size(len(mean_C)) // len(mean_C)
        return cls(
            np.tile(mean_C, repeat),
            deviation_C,
            np.tile(scale_C, repeat),
            np.tile(shift_C, repeat),
        )


def _size(channels: int) -> int:
    """Of a chunk: as many whole pixels as fit."""
    return channels * max(1, _CHUNK // channels)


def summed(kernel: Callable[..., None], elements: int, channels: int, *arrays: Any) -> Sums:
    """Two float64 sums per channel, [2, C], over all slabs."""
    slabs = np.empty((_SLABS, 2, channels))
    in_threads(partial(kernel, *arrays, slabs), _SLABS, elements=elements)
    total: Sums = slabs.sum(axis=0)
    return total


def gradient(
    values: Any, grads: Any, out: Any, rows: Rows, sums: Sums, found: BatchStatistics
) -> None:
    """∂L/∂x = scale·(g − ⟨g⟩ − x̂·⟨g·x̂⟩), x̂ = (x − μ)/√(σ² + ε), ⟨⟩ the mean over a channel, of
    all processes where the statistics are; `sums` are this process's.
    """
    from harness.engine.norm import channels_last_kernels as kernels

    channels, pixels = sums.shape[1], found.pixels
    if found.shared:
        sums = summed_over_ranks(sums)
    repeat = len(rows.scale_J) // channels
    scale_C = rows.scale_J[:channels].astype(np.float64)
    constant_C = scale_C * sums[0] / pixels
    slope_C = scale_C * rows.deviation_C.astype(np.float64) ** 2 * sums[1] / pixels
    kernel = partial(
        kernels.gradient,
        values,
        grads,
        out,
        rows.mean_J,
        rows.scale_J,
        np.tile(constant_C.astype(np.float32), repeat),
        np.tile(slope_C.astype(np.float32), repeat),
        channels,
    )
    in_threads(kernel, values.size // channels, elements=values.size)


def to_weights(sums: Sums, rows: Rows) -> tuple[Tensor, Tensor]:
    """∂L/∂γ = Σ g·x̂ and ∂L/∂β = Σ g."""
    to_weight = (sums[1] * rows.deviation_C).astype(np.float32)
    return torch.from_numpy(to_weight), torch.from_numpy(sums[0].astype(np.float32))


def summed_over_ranks(sums: Sums) -> Sums:
    """The same array on every process of torch.distributed's default group."""
    total = torch.from_numpy(sums.copy())
    distributed.all_reduce(total)
    return total.numpy()


def flat(folded: Tensor) -> fused_cpu.Array:
    """Memory of channels-last activations as a flat array; bfloat16 as its bits."""
    array: fused_cpu.Array = in_steps(folded, 1)[0]
    return array


def in_steps(folded: Tensor, time_steps: int) -> fused_cpu.Array:
    """The same as [T, N]."""
    array: fused_cpu.Array = fused_cpu.flat(folded.view(time_steps, -1, *folded.shape[1:]))
    return array
