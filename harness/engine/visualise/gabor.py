"""How far kernels are oriented filters: orientation, spatial frequency, and how clearly.

Legend: N = filters, C = input channels, K = side of a kernel, F = frequencies of a side.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from harness.errors import HarnessError

_SIDE = 64  # of the padded kernel: the grid of frequencies is 1/64 cycles per pixel


@dataclass(frozen=True, eq=False)
class GaborStatistics:
    """One number per filter, float64 [N]; NaN for a filter without contrast.

    A Gabor filter is a grating under a Gaussian, so its power spectrum is a pair of blobs at ± its
    wave vector (Daugman, Journal of the Optical Society of America A 2, 1985).
    """

    orientation: Tensor  # degrees in [0, 180): of the bars, 0 horizontal, 90 vertical, y upwards
    frequency: Tensor  # cycles per pixel, at the peak of the spectrum
    coherence: Tensor  # 0 … 1: |Σ P·exp(2iθ)| / Σ P; 1 for one orientation, near 0 for none
    concentration: Tensor  # 0 … 1: share of the power within 1/K of the peak


def gabor_statistics(weight_NCKK: Tensor) -> GaborStatistics:
    """Statistics of the power spectra of kernels, summed over their input channels.

    The mean of each channel is taken off first, since it is no grating; the kernel is then padded
    with zeros to 64 x 64 pixels, which interpolates the spectrum.
    """
    if weight_NCKK.ndim != 4 or weight_NCKK.shape[2] != weight_NCKK.shape[3]:
        raise HarnessError("kernels", f"expected [N, C, K, K] (got {list(weight_NCKK.shape)})")
    side = weight_NCKK.shape[-1]
    kernels = weight_NCKK.detach().double().cpu()
    kernels = kernels - kernels.mean((2, 3), keepdim=True)
    padded = (max(_SIDE, side),) * 2
    # filter by filter: all spectra of 192 filters on 64 channels together take 1 GB
    power_NFF = torch.stack(
        [torch.fft.fft2(one, s=padded).abs().square().sum(0) for one in kernels]
    )
    rows = torch.fft.fftfreq(power_NFF.shape[-1], dtype=torch.float64)
    down_FF, right_FF = torch.meshgrid(rows, rows, indexing="ij")
    half = (right_FF > 0) | ((right_FF == 0) & (down_FF > 0))  # the other half is its mirror image
    down, right, power = down_FF[half], right_FF[half], power_NFF[:, half]
    total = power.sum(1)
    flat = total <= _noise(weight_NCKK)
    peak = power.argmax(1)
    # the wave runs across the bars; rows count downwards
    bars = torch.rad2deg(torch.atan2(-down, right)) + 90
    double = torch.deg2rad(2 * bars)
    resultant = torch.hypot((power * double.cos()).sum(1), (power * double.sin()).sum(1))
    away = torch.hypot(down - down[peak, None], right - right[peak, None])
    mirrored = torch.hypot(down + down[peak, None], right + right[peak, None])
    near = (torch.minimum(away, mirrored) <= 1 / side) * power
    frequency = torch.hypot(down, right)[peak]
    columns = (bars[peak] % 180, frequency, resultant / total, near.sum(1) / total)
    nan = torch.full_like(total, torch.nan)
    return GaborStatistics(*(torch.where(flat, nan, column) for column in columns))


def _noise(weight: Tensor) -> Tensor:
    """Power that rounding alone may leave of a constant filter, [N]."""
    size = weight.detach().double().cpu().abs().amax((1, 2, 3)) * weight[0].numel()
    return (size * torch.finfo(torch.float32).eps).square() * _SIDE
