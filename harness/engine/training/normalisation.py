"""Per-channel normalisation: from pixels or counts of events, as stored, to network input.

Legend: M = images or recordings, T = frames, B = batch, C = channels, H, W = height and width.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from harness.engine.arguments import check_fields, tensor
from harness.engine.data.augment import normalise
from harness.errors import HarnessError

_WHITE = 255


@dataclass(frozen=True)
class Normalisation:
    """x = (pixel/255 − mean)/std per channel of images, in units of the full brightness (0 … 1);
    x = (count − mean)/std of frames, in events per pixel and frame.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __post_init__(self) -> None:
        check_fields(self)
        numbers = (*self.mean, *self.std)
        fit = len(self.mean) == len(self.std) and all(map(math.isfinite, numbers))
        if not fit or not self.mean or min(self.std) <= 0:
            raise HarnessError(
                "recipe normalisation",
                f"one finite mean and std above 0 per channel (got {self.mean}, {self.std})",
            )

    @classmethod
    def of(cls, images_MCHW: Tensor) -> Normalisation:
        """Mean and standard deviation of uint8 images; a channel without contrast gets the std of
        one grey level.

        For frames [M, T, C, H, W] mean 0 and the root mean square: no event stays 0, and the sum of
        a recording's frames is the input that its one integrated frame would give.
        """
        if images_MCHW.ndim == 5:
            return cls._of_counts(images_MCHW)
        levels = torch.arange(_WHITE + 1, dtype=torch.float64) / _WHITE
        mean, std = [], []
        for channel in images_MCHW.cpu().unbind(1):
            share = torch.bincount(channel.flatten(), minlength=_WHITE + 1).double()
            share /= channel.numel()
            mean.append((share * levels).sum().item())
            std.append((share * (levels - mean[-1]) ** 2).sum().sqrt().item())
        return cls(tuple(mean), tuple(max(one, 1.0 / _WHITE) for one in std))

    @classmethod
    def _of_counts(cls, frames_MTCHW: Tensor) -> Normalisation:
        rms = []
        for channel in frames_MTCHW.cpu().unbind(2):
            recordings = torch.bincount(channel.flatten().int()).double()
            squares = (recordings * torch.arange(len(recordings)).double() ** 2).sum()
            rms.append((squares / channel.numel()).sqrt().item() or 1.0)
        return cls((0.0,) * len(rms), tuple(rms))

    def __call__(self, images_BCHW: Tensor) -> Tensor:
        """Network input in torch's default dtype on the same device: uint8 images [B, C, H, W] in
        their shape, frames int16 [B, T, C, H, W] with time first, [T, B, C, H, W].
        """
        made = normalise(tensor("normalise", images_BCHW), self.mean, self.std)
        return made.transpose(0, 1) if made.ndim == 5 else made
