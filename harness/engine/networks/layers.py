"""Layers that are built without random numbers, and the function that draws them.

A layer's numbers depend on the seed and on its name, never on the order in which layers are built,
so that a stage without shortcuts or another neuron leaves the other weights as they were.
"""

from __future__ import annotations

import math

import torch
from torch import nn

from harness.engine.norm import TdBatchNorm
from harness.engine.randomness import stream


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
