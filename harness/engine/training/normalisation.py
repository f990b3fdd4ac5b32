"""Per-channel normalisation: from pixels or counts of events, as stored, to network input.

Legend: M = images or recordings, T = frames, B = batch, C = channels, H, W = height and width.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from harness.engine.arguments import check_fields, tensor
from harness.engine.data.labelled import described
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
        """Network input in torch's default dtype, device and memory format kept: of uint8 images
        [B, C, H, W] in their shape, of frames int16 [B, T, C, H, W] with time first, [T, B, C, H,
        W].

        The operations follow one another as in torchvision's ToTensor and Normalize, so that the
        numbers are the same to the bit. Raises HarnessError for another dtype or another number of
        channels.
        """
        images = tensor("normalise", images_BCHW)
        frames = images.ndim == 5
        if images.ndim not in (4, 5) or images.dtype != (torch.int16 if frames else torch.uint8):
            wanted = "int16 [B, T, C, H, W]" if frames else "raw uint8 [B, C, H, W]"
            raise HarnessError("normalise", f"needs {wanted}, got {described(images)}")
        channels = images.shape[-3]
        if len(self.mean) != channels:
            said = f"{channels} channels, but {len(self.mean)} means and {len(self.std)} deviations"
            raise HarnessError("normalise", said)
        wide = torch.get_default_dtype()
        mean_C11, std_C11 = (_on(images.device, one, wide) for one in (self.mean, self.std))
        made = images.to(wide)
        made = (made if frames else made.div_(_WHITE)).sub_(mean_C11).div_(std_C11)
        return made.transpose(0, 1) if frames else made


@cache
def _on(device: torch.device, numbers: tuple[float, ...], dtype: torch.dtype) -> Tensor:
    """Constants of a normalisation, [C, 1, 1], copied to the device once; never let go of, since
    recorded work may read them.
    """
    with torch.inference_mode(False):
        return torch.tensor(numbers, dtype=dtype, device=device)[:, None, None]
