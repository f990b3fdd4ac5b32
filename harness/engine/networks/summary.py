"""What a network is made of, read off the built modules: the rows of the paper's Table D.1, with
sizes.

Legend: B = batch, C = channels, H, W = height and width.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import torch
from torch import Tensor, nn

from harness.engine.networks.block import PreActivationBlock
from harness.engine.networks.resnet import STAGES, ResNet


@dataclass(frozen=True)
class StageSummary:
    """One row of Table D.1."""

    name: str  # conv1, block1, block2, block3, pooling, classifier
    cell: str  # in the paper's notation: "3x3,16,s1", "(3x3,16; 3x3,16)x3"
    repeats: int  # residual blocks, 1 elsewhere
    channels: int  # at its output
    parameters: int
    macs: int  # multiply-accumulates for one image and one time step


@dataclass(frozen=True)
class Summary:
    """A whole network, stage by stage."""

    stages: tuple[StageSummary, ...]
    image_shape: tuple[int, int, int]  # C, H, W at which the MACs were counted
    time_steps: int

    @property
    def parameters(self) -> int:
        """Trainable numbers."""
        return sum(stage.parameters for stage in self.stages)

    @property
    def macs_per_step(self) -> int:
        """Multiply-accumulates of convolutions and classifier for one image and one time step."""
        return sum(stage.macs for stage in self.stages)

    @property
    def macs(self) -> int:
        """The same for one image over all time steps, as if spikes were any number (no sparsity
        counted).
        """
        return self.macs_per_step * self.time_steps


def summarise(network: ResNet, image_shape: tuple[int, int, int] = (3, 32, 32)) -> Summary:
    """Count a built network's stages, parameters and MACs by sending one blank image through it.

    Raises HarnessError when the network cannot take images of that shape. The network is left as it
    was.
    """
    macs = _macs_per_layer(network, image_shape)
    parameters = {name: number.numel() for name, number in network.named_parameters()}

    def stage(
        name: str, prefixes: tuple[str, ...], cell: str, repeats: int, channels: int
    ) -> StageSummary:
        def inside(layer: str) -> bool:
            return layer.split(".")[0] in prefixes

        return StageSummary(
            name,
            cell,
            repeats,
            channels,
            sum(count for layer, count in parameters.items() if inside(layer)),
            sum(count for layer, count in macs.items() if inside(layer)),
        )

    rows = [
        stage("conv1", ("conv1", "bn1"), _conv(network.conv1, True), 1, network.conv1.out_channels)
    ]
    for index in STAGES:
        blocks = network.stage(index)
        cell = _repeated([_block(block) for block in blocks])
        name, channels = f"block{index}", blocks[-1].conv2.out_channels
        rows.append(stage(name, (f"s{index}",), cell, len(blocks), channels))
    classes, features = network.fc.weight.shape
    rows.append(stage("pooling", ("pool",), _pool(network.pool), 1, features))
    rows.append(stage("classifier", ("fc",), f"{classes}-d fully connected layer", 1, classes))
    return Summary(tuple(rows), image_shape, network.time_steps)


def _conv(layer: nn.Conv2d, with_stride: bool) -> str:
    cell = f"{layer.kernel_size[0]}x{layer.kernel_size[1]},{layer.out_channels}"
    return f"{cell},s{layer.stride[0]}" if with_stride else cell


def _block(block: PreActivationBlock) -> str:
    return f"({_conv(block.conv1, False)}; {_conv(block.conv2, False)})"


def _pool(layer: nn.AdaptiveAvgPool2d) -> str:
    return "Global average pooling" if layer.output_size == 1 else repr(layer)


def _repeated(cells: list[str]) -> str:
    return " ".join(f"{cell}x{len(list(same))}" for cell, same in groupby(cells))


def _macs_per_layer(network: nn.Module, image_shape: tuple[int, int, int]) -> dict[str, int]:
    macs: dict[str, int] = {}

    def counter(name: str) -> Any:
        def count(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            weight = layer.get_parameter("weight")
            macs[name] = output[0].numel() * weight[0].numel()

        return count

    hooks = [
        layer.register_forward_hook(counter(name))
        for name, layer in network.named_modules()
        if isinstance(layer, nn.Conv2d | nn.Linear)
    ]
    parameter = next(network.parameters())
    blank = torch.zeros(1, 1, *image_shape, dtype=parameter.dtype, device=parameter.device)
    try:
        with torch.no_grad(), _evaluating(network):
            network(blank)
    finally:
        for hook in hooks:
            hook.remove()
    return macs


@contextmanager
def _evaluating(network: nn.Module) -> Iterator[None]:
    was_training = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(was_training)
