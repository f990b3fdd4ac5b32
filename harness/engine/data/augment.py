"""Crop and flip of whole batches, each image with its own draw.

Legend: B = images of a batch, T = frames of a recording, C = channels, H, W = rows and columns of
pixels, p = padding in pixels.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from harness.errors import HarnessError


def crop_flip(images_BCHW: Tensor, drawn_3B: Tensor, *, padding: int, flip: bool) -> Tensor:
    """Random crop after zero padding, then horizontal flip with probability 1/2, as `drawn_3B` says
    for each image (`draw`), on the images' device.

    out[b, c, y, x] = padded[b, c, y + down_b, x' + right_b] with down_b, right_b uniform on 0 … 2p
    and x' = W − 1 − x where the image is flipped, x elsewhere (He et al. 2016, section 4.2: p = 4
    at 32 x 32). The zeros are black pixels, so this belongs before normalisation, as torchvision's
    RandomCrop does on pictures; after it, zero would be the mean colour. Any dtype, device and
    memory format, kept in the result. Of recordings [B, T, C, H, W] all frames share their
    recording's draw, and the zeros are pixels without events. Raises HarnessError for a negative
    padding or a tensor that is neither.
    """
    if images_BCHW.ndim == 5:
        folded = images_BCHW.flatten(1, 2)
        return crop_flip(folded, drawn_3B, padding=padding, flip=flip).view(images_BCHW.shape)
    if images_BCHW.ndim != 4:
        raise HarnessError("crop_flip", f"needs [B, C, H, W], got {list(images_BCHW.shape)}")
    if padding < 0:
        raise HarnessError("crop_flip", f"padding must be 0 pixels or more, got {padding}")
    down_B, right_B, flipped_B = drawn_3B
    result = images_BCHW
    if padding:
        result = _crop(result, padding, down_B, right_B)
    if flip:
        flipped = (flipped_B == 1)[:, None, None, None]
        result = torch.where(flipped, result.flip(3), result)
    return result


def draw(batch: int, padding: int, generator: torch.Generator) -> Tensor:
    """The rows and columns to skip, in 0 … 2p, and whether to flip, 0 or 1; int64 [3, B], on the
    CPU.

    `generator` is advanced by the same three draws of B numbers whatever `padding` is: with the
    same stream two runs see the same crops on every device, and one may switch the flip off alone.
    """
    span = 2 * padding + 1
    down_B = torch.randint(span, (batch,), generator=generator)
    right_B = torch.randint(span, (batch,), generator=generator)
    flipped_B = torch.randint(2, (batch,), generator=generator)
    return torch.stack([down_B, right_B, flipped_B])


def _crop(images_BCHW: Tensor, padding: int, down_B: Tensor, right_B: Tensor) -> Tensor:
    """Each image's window of the padded batch: a view of all windows, of which one per image is
    copied.
    """
    height, width = images_BCHW.shape[2:]
    padded = functional.pad(images_BCHW, (padding,) * 4)
    windows = padded.unfold(2, height, 1).unfold(3, width, 1)  # [B, C, 2p + 1, 2p + 1, H, W]
    each_B = torch.arange(len(padded), device=padded.device)
    return windows[each_B, :, down_B, right_B]
