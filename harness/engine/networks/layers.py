"""Layers that are built without random numbers, and the function that draws them; input encoding:
from images or frames to one folded tensor of time steps.

A layer's numbers depend on the seed and on its name, never on the order in which layers are built,
so that a stage without shortcuts or another neuron leaves the other weights as they were.

Legend: T = time steps, B = batch, C = channels, H, W = height and width.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from harness.engine.lif.fused_gpu import on_gpu
from harness.engine.norm import TdBatchNorm
from harness.engine.randomness import stream
from harness.errors import HarnessError


def convolution(channels_in: int, channels: int, *, kernel: int, stride: int = 1) -> nn.Conv2d:
    """A convolution without bias, padded to keep the side, its weight not yet drawn."""
    padding = kernel // 2
    with torch.device("meta"):
        layer = nn.Conv2d(channels_in, channels, kernel, stride, padding, bias=False)
    return layer.to_empty(device="cpu")


def linear(features: int, classes: int) -> nn.Linear:
    """A linear layer with bias, its numbers not yet drawn."""
    with torch.device("meta"):
        layer = nn.Linear(features, classes)
    return layer.to_empty(device="cpu")


@torch.no_grad()
def initialise(network: nn.Module, seed: int) -> None:
    """Draw every weight of `network` in place from stream(seed, "init", layer name).

    Convolutions: Kaiming normal, fan-out, gain √2 (standard deviation √(2 / (k²·C_out))), bias 0
    where there is one; batch norms: weight 1, bias 0, running statistics fresh; linear layers:
    weight and bias uniform in ±1/√features, torch's default.
    """
    for name, layer in network.named_modules():
        generator = stream(seed, "init", name)
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", generator=generator)
            if layer.bias is not None:
                layer.bias.zero_()
        elif isinstance(layer, nn.Linear):
            bound = 1.0 / math.sqrt(layer.in_features)
            nn.init.uniform_(layer.weight, -bound, bound, generator=generator)
            nn.init.uniform_(layer.bias, -bound, bound, generator=generator)
        elif isinstance(layer, TdBatchNorm):
            layer.weight.fill_(1.0)
            layer.bias.zero_()
            layer.running_mean.zero_()
            layer.running_var.fill_(1.0)


def fold(images: Tensor, time_steps: int) -> tuple[Tensor, int]:
    """Images [B, C, H, W] by direct encoding, or frames [T, B, C, H, W] as they are; gives ([T·B,
    C, H, W], T).

    Direct encoding (paper p. 3) shows the same static image at each of `time_steps` steps and lets
    the first convolution and its neurons turn it into spikes. Raises HarnessError for any other
    number of dimensions.
    """
    if images.ndim == 4:
        return repeated_over_time(images, time_steps), time_steps
    if images.ndim == 5:
        return images.flatten(0, 1), len(images)
    said = f"expected [B, C, H, W] or [T, B, C, H, W] (got {list(images.shape)})"
    raise HarnessError("network input", said)


def repeated_over_time(images_BCHW: Tensor, time_steps: int) -> Tensor:
    """The same images at each step, folded: [T·B, C, H, W], step after step; on CUDA their channels
    stay last in memory.
    """
    if time_steps == 1:
        return images_BCHW
    if on_gpu(images_BCHW) and images_BCHW.is_contiguous(memory_format=torch.channels_last):
        images_BHWC = images_BCHW.permute(0, 2, 3, 1)
        return images_BHWC.expand(time_steps, *images_BHWC.shape).flatten(0, 1).permute(0, 3, 1, 2)
    return images_BCHW.repeat(time_steps, 1, 1, 1)


def in_steps(folded: Tensor, now: int, wanted: int) -> Tensor:
    """Activations of `now` steps as those of `wanted` steps, both folded.

    The two are equal or one of them is 1. To one step: their mean over time. From one step: the
    same at each (stage-wise reduction of time steps, paper Table 3).
    """
    if now == wanted:
        return folded
    if now == 1:
        return repeated_over_time(folded, wanted)
    return folded.view(now, len(folded) // now, *folded.shape[1:]).mean(0)
