"""How flat an image is outside a box: the claim that a neuron draws in its receptive field alone.

Legend: C = channels, H, W = height and width.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from harness.engine.visualise.receptive import Box


class Contrast(NamedTuple):
    """Standard deviation of the pixels about the mean of their colour channel, 0 … 1."""

    inside: float
    outside: float  # NaN where the box is the whole image


def contrast(image_CHW: Tensor, box: Box, *, margin: int = 0) -> Contrast:
    """Inside a box and outside it; with `margin` the box grown by that many pixels each way, which
    is what `margin` pixels of jitter do to the part that is changed.
    """
    height, width = image_CHW.shape[-2:]
    grown = Box(
        max(0, box.top - margin),
        max(0, box.left - margin),
        min(height, box.bottom + margin),
        min(width, box.right + margin),
    )
    inside = grown.mask(height, width)
    pixels = image_CHW.detach().double().cpu()
    return Contrast(*(_spread(pixels[:, mask]) for mask in (inside, ~inside)))


def _spread(pixels_CN: Tensor) -> float:
    if not pixels_CN.numel():
        return float("nan")
    return float(torch.sqrt(pixels_CN.var(1, correction=0).mean()))
