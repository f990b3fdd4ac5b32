"""Kernels as images, and how far they are oriented filters: orientation, spatial frequency, and how
clearly.

Legend: N = filters, C = input channels, K = side of a kernel, F = frequencies of a side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from harness.errors import HarnessError

Channels = Literal["rgb", "single", "strongest"]


def normalised_kernels(weight_NCKK: Tensor) -> Tensor:
    """Each filter stretched to 0 … 1 over all its channels together, float32 [N, C, K, K].

    (w − min)/(max − min) per filter, so that a weak filter shows its pattern and colours keep their
    proportions within a filter; brightness is not to be compared across filters. A filter of one
    value, or several that differ by rounding alone, is grey, 0.5.
    """
    _require_kernels(weight_NCKK)
    flat = weight_NCKK.detach().float().flatten(1)
    low, span = flat.min(1).values, flat.max(1).values - flat.min(1).values
    grey = span <= 2 * torch.finfo(flat.dtype).eps * flat.abs().amax(1)
    scaled = (flat - low[:, None]) / torch.where(grey, torch.ones_like(span), span)[:, None]
    scaled[grey] = 0.5
    return scaled.view_as(weight_NCKK)


def kernel_images(weight_NCKK: Tensor, channels: Channels = "rgb") -> Tensor:
    """Kernels as colour images [N', 3, K, K] in 0 … 1, each filter normalised on its own.

    "rgb" is for kernels on three colour channels: one image per filter. "single" shows each channel
    in grey, C images per filter in a row. "strongest" shows one image per filter: the three
    channels of largest ‖w‖, in their order, as red, green and blue, stretched over these three.
    """
    _require_kernels(weight_NCKK)
    weight = weight_NCKK.detach()
    count, side = weight.shape[1], weight.shape[2:]
    if channels == "single":
        return normalised_kernels(weight).reshape(-1, 1, *side).expand(-1, 3, -1, -1)
    if channels not in ("rgb", "strongest"):
        known = "'rgb', 'single' or 'strongest'"
        raise HarnessError("kernel images", f"{known} (got {channels!r})")
    if channels == "strongest" and count >= 3:
        chosen_N3 = weight.square().sum((2, 3)).topk(3, dim=1).indices.sort(dim=1).values
        weight = weight.gather(1, chosen_N3[:, :, None, None].expand(-1, -1, *side))
    elif count != 3:
        problem = f"kernels on {count} channels have no three colours"
        raise HarnessError("kernel images", problem, hint="show them as 'single'")
    return normalised_kernels(weight)


def shuffled_kernels(weight_NCKK: Tensor, generator: torch.Generator) -> Tensor:
    """The pixels of each filter in another order, the same for all its channels: what its spectrum
    is where only the values are left of a filter.
    """
    _require_kernels(weight_NCKK)
    flat = weight_NCKK.detach().cpu().flatten(2)
    rows = [one[:, torch.randperm(flat.shape[2], generator=generator)] for one in flat]
    return torch.stack(rows).view(weight_NCKK.shape)


def _require_kernels(weight: Tensor) -> None:
    if weight.ndim != 4 or not weight.numel():
        raise HarnessError("kernels", f"expected [N, C, K, K] (got {list(weight.shape)})")


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
    spectra = (torch.fft.fft2(one, s=padded) for one in kernels)
    power_NFF = torch.stack([one.abs().square().sum(0) for one in spectra])
    rows = torch.fft.fftfreq(power_NFF.shape[-1], dtype=torch.float64)
    down_FF, right_FF = torch.meshgrid(rows, rows, indexing="ij")
    half = (right_FF > 0) | ((right_FF == 0) & (down_FF > 0))  # the other half is its mirror image
    down, right, power = down_FF[half], right_FF[half], power_NFF[:, half]
    total = power.sum(1)
    # power that rounding alone may leave of a constant filter
    size = weight_NCKK.detach().double().cpu().abs().amax((1, 2, 3)) * weight_NCKK[0].numel()
    flat = total <= (size * torch.finfo(torch.float32).eps).square() * _SIDE
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
