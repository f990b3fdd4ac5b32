"""Kernels as images.

Legend: N = filters, C = input channels, K = side of a kernel.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from harness.errors import HarnessError

Channels = Literal["rgb", "triples", "single", "strongest"]


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

    "rgb" is for kernels on three colour channels: one image per filter. "triples" shows channels 0
    1 2, 3 4 5, … as red, green, blue, ⌈C/3⌉ images per filter in a row, missing channels black; the
    colours mean nothing then. "single" shows each channel in grey, C images per filter in a row.
    "strongest" shows one image per filter: the three channels with most energy, in their order, as
    red, green and blue, stretched over these three.
    """
    if channels == "strongest":
        return normalised_kernels(_strongest(weight_NCKK))
    scaled = normalised_kernels(weight_NCKK)
    count, side = scaled.shape[1], scaled.shape[2:]
    if channels == "rgb":
        if count != 3:
            raise HarnessError(
                "kernel images",
                f"kernels on {count} channels have no colours",
                hint="show them as 'triples' or 'single'",
            )
        return scaled
    if channels == "triples":
        padded = functional.pad(scaled, (0, 0, 0, 0, 0, -count % 3))
        return padded.reshape(-1, 3, *side)
    if channels == "single":
        return scaled.reshape(-1, 1, *side).expand(-1, 3, -1, -1)
    known = "'rgb', 'triples', 'single' or 'strongest'"
    raise HarnessError("kernel images", f"{known} (got {channels!r})")


def _strongest(weight_NCKK: Tensor) -> Tensor:
    """Of each filter the three channels of largest ‖w‖, [N, 3, K, K]."""
    _require_kernels(weight_NCKK)
    if weight_NCKK.shape[1] < 3:
        raise HarnessError("kernel images", f"no three channels (got {list(weight_NCKK.shape)})")
    energy_NC = weight_NCKK.detach().square().sum((2, 3))
    chosen_N3 = energy_NC.topk(3, dim=1).indices.sort(dim=1).values
    return weight_NCKK.detach().gather(
        1, chosen_N3[:, :, None, None].expand(-1, -1, *weight_NCKK.shape[2:])
    )


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
