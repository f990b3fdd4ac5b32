"""Input encoding: from images or frames to one folded tensor of time steps.

Legend: T = time steps, B = batch, C = channels, H, W = height and width.
"""

from __future__ import annotations

from torch import Tensor

from harness.errors import HarnessError


def fold(images: Tensor, time_steps: int) -> tuple[Tensor, int]:
    """Images [B, C, H, W] by direct encoding, or frames [T, B, C, H, W] as they are; gives ([T·B,
    C, H, W], T).

    Direct encoding (paper p. 3) shows the same static image at each of `time_steps` steps and lets
    the first convolution and its neurons turn it into spikes. Raises HarnessError for any other
    number of dimensions.
    """
    if images.ndim == 4:
        return direct(images, time_steps), time_steps
    if images.ndim == 5:
        return images.flatten(0, 1), len(images)
    raise HarnessError(
        "network input",
        f"expected [B, C, H, W] or [T, B, C, H, W] (got {list(images.shape)})",
    )


def direct(images_BCHW: Tensor, time_steps: int) -> Tensor:
    """The same images at each step, folded: [T·B, C, H, W], step after step."""
    return images_BCHW if time_steps == 1 else images_BCHW.repeat(time_steps, 1, 1, 1)


def in_steps(folded: Tensor, now: int, wanted: int) -> Tensor:
    """Activations of `now` steps as those of `wanted` steps, both folded.

    The two are equal or one of them is 1. To one step: their mean over time. From one step: the
    same at each (stage-wise reduction of time steps, paper Table 3).
    """
    if now == wanted:
        return folded
    if now == 1:
        return direct(folded, wanted)
    return folded.view(now, len(folded) // now, *folded.shape[1:]).mean(0)
