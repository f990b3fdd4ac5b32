"""Per-channel normalisation of pixels.

Legend: M = images, B = batch, C = channels, H, W = height and width.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from harness.engine.data.augment import normalise
from harness.errors import HarnessError

_WHITE = 255


@dataclass(frozen=True)
class Normalisation:
    """x = (pixel/255 − mean)/std per channel; in units of the full brightness (0 … 1)."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.mean) != len(self.std) or not self.mean or min(self.std) <= 0:
            raise HarnessError(
                "recipe normalisation",
                f"one mean and one std above 0 per channel (got {self.mean}, {self.std})",
            )

    @classmethod
    def of(cls, images_MCHW: Tensor) -> Normalisation:
        """Mean and standard deviation of uint8 images; a channel without contrast gets the std of
        one grey level.
        """
        levels = torch.arange(_WHITE + 1, dtype=torch.float64) / _WHITE
        mean, std = [], []
        for channel in images_MCHW.cpu().unbind(1):
            share = torch.bincount(channel.flatten(), minlength=_WHITE + 1).double()
            share /= channel.numel()
            mean.append((share * levels).sum().item())
            std.append((share * (levels - mean[-1]) ** 2).sum().sqrt().item())
        return cls(tuple(mean), tuple(max(one, 1.0 / _WHITE) for one in std))

    def __call__(self, images_BCHW: Tensor) -> Tensor:
        """uint8 pixels to float32 network input, same shape, same device."""
        return normalise(images_BCHW, self.mean, self.std)
