"""Crop, flip and normalisation of whole batches, each image with its own draw.

Legend: B = images of a batch, T = frames of a recording, C = channels, H, W = rows and columns of
pixels, p = padding in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from harness.engine.data.labelled import described
from harness.errors import HarnessError


def crop_flip(
    images_BCHW: Tensor, *, padding: int, flip: bool, generator: torch.Generator
) -> Tensor:
    """Random crop after zero padding, then horizontal flip with probability 1/2, drawn for each
    image.

    out[b, c, y, x] = padded[b, c, y + down_b, x' + right_b] with down_b, right_b uniform on 0 … 2p
    and x' = W − 1 − x where the image is flipped, x elsewhere (He et al. 2016, section 4.2: p = 4
    at 32 x 32). The zeros are black pixels, so this belongs before `normalise`, as torchvision's
    RandomCrop does on pictures; after it, zero would be the mean colour. Any dtype, device and
    memory format, kept in the result. Of recordings [B, T, C, H, W] all frames share their
    recording's draw, and the zeros are pixels without events.

    `generator` lives on the CPU and is advanced by the same three draws of B numbers whatever
    `padding` and `flip` are: with the same stream two runs see the same crops on every device, and
    one may switch the flip off alone. Raises HarnessError for a negative padding or a tensor that
    is neither.
    """
    if images_BCHW.ndim == 5:
        folded = images_BCHW.flatten(1, 2)
        result = crop_flip(folded, padding=padding, flip=flip, generator=generator)
        return result.view(images_BCHW.shape)
    if images_BCHW.ndim != 4:
        raise HarnessError("crop_flip", f"needs [B, C, H, W], got {list(images_BCHW.shape)}")
    if padding < 0:
        raise HarnessError("crop_flip", f"padding must be 0 pixels or more, got {padding}")
    down_B, right_B, flipped_B = draw(len(images_BCHW), padding, generator)
    result = images_BCHW
    if padding:
        result = _crop(result, padding, down_B, right_B)
    if flip:
        flipped = _moved(flipped_B, result)[:, None, None, None]
        result = torch.where(flipped, result.flip(3), result)
    return result


def draw(batch: int, padding: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """The rows and columns to skip, int64 [B] in 0 … 2p, and whether to flip, bool [B]; on the
    CPU.
    """
    span = 2 * padding + 1
    down_B = torch.randint(span, (batch,), generator=generator)
    right_B = torch.randint(span, (batch,), generator=generator)
    flipped_B = torch.randint(2, (batch,), generator=generator) == 1
    return down_B, right_B, flipped_B


def normalise(images: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """(images / 255 − mean_c) / std_c of uint8 [B, C, H, W], (count − mean_c) / std_c of int16
    frames [B, T, C, H, W]; in torch's default dtype (float32), device and memory format kept.

    `mean` and `std` are one number per channel: of images in units of the full pixel range (0 … 1),
    the form in which CIFAR's are printed (.4914 …), of frames in events per pixel and frame. The
    operations follow one another as in torchvision's ToTensor and Normalize, so that the numbers
    are the same to the bit. Raises HarnessError for another dtype, another number of channels or a
    std that is not above 0.
    """
    frames = images.ndim == 5
    if images.ndim not in (4, 5) or images.dtype != (torch.int16 if frames else torch.uint8):
        wanted = "int16 [B, T, C, H, W]" if frames else "raw uint8 [B, C, H, W]"
        raise HarnessError("normalise", f"needs {wanted}, got {described(images)}")
    channels = images.shape[-3]
    if len(mean) != channels or len(std) != channels:
        said = f"{channels} channels, but {len(mean)} means and {len(std)} deviations"
        raise HarnessError("normalise", said)
    if not all(value > 0 for value in std):
        raise HarnessError("normalise", f"each std must be above 0, got {list(std)}")
    wide = torch.get_default_dtype()
    mean_C11, std_C11 = (
        _moved(torch.tensor(numbers, dtype=wide), images)[:, None, None] for numbers in (mean, std)
    )
    made = images.to(wide)
    return (made if frames else made.div_(255)).sub_(mean_C11).div_(std_C11)


def _crop(images_BCHW: Tensor, padding: int, down_B: Tensor, right_B: Tensor) -> Tensor:
    """Each image's window of the padded batch: a view of all windows, of which one per image is
    copied.
    """
    height, width = images_BCHW.shape[2:]
    padded = functional.pad(images_BCHW, (padding,) * 4)
    windows = padded.unfold(2, height, 1).unfold(3, width, 1)  # [B, C, 2p + 1, 2p + 1, H, W]
    each_B = torch.arange(len(padded), device=padded.device)
    return windows[each_B, :, _moved(down_B, padded), _moved(right_B, padded)]


def _moved(drawn: Tensor, images: Tensor) -> Tensor:
    """To the images' device; from pinned memory on a GPU, so that the host need not wait for the
    copy.
    """
    if images.device.type == "cuda":
        return drawn.pin_memory().to(images.device, non_blocking=True)
    return drawn.to(images.device)
