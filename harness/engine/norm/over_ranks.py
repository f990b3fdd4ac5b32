"""Sums over all processes that train one network, in the default group of torch.distributed, and
batch normalisation by them on any device.

Legend: T = time steps, B = batch of this process, C = channels, H, W = height and width.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, distributed


def summed_over_ranks(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same array on every process."""
    total = torch.from_numpy(sums.copy())
    distributed.all_reduce(total)
    return total.numpy()


def normalised(folded: Tensor, weight: Tensor, bias: Tensor, eps: float) -> tuple[Tensor, ...]:
    """γ·(x − μ)/√(σ² + ε) + β of [T·B, C, H, W] with the statistics of all processes; then μ and
    σ² (biased), [C], and the number of pixels that they are of.

    Sums are float64 and every operation is torch's own, so autograd finds the gradient; it passes
    over memory several times, where `channels_last` does once.
    """
    folded = folded.float() if folded.dtype in (torch.float16, torch.bfloat16) else folded
    exact = folded.double()
    count = exact.new_tensor([folded.numel() / folded.shape[1]])
    own = torch.cat([exact.sum((0, 2, 3)), exact.square().sum((0, 2, 3)), count])
    total = _SumOverRanks.apply(own)
    channels, pixels = folded.shape[1], total[-1].detach()
    mean_C, squares_C = total[:channels] / pixels, total[channels:-1] / pixels
    variance_C = (squares_C - mean_C**2).clamp(min=0.0)
    scale_C = weight * (variance_C + eps).rsqrt()
    shift_C = bias - mean_C * scale_C
    made = exact * scale_C[:, None, None] + shift_C[:, None, None]
    return made.to(folded.dtype), mean_C.detach(), variance_C.detach(), pixels


class _SumOverRanks(torch.autograd.Function):
    """The gradient of a sum over processes is the sum of what it caused in each of them."""

    @staticmethod
    def forward(ctx: Any, own: Tensor) -> Tensor:
        total = own.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        total = grads[0].contiguous().clone()
        distributed.all_reduce(total)
        return total
