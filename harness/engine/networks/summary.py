"""What a network is made of, read off the built modules: the rows of its architecture table, with
sizes.

Legend: B = batch, C = channels, H, W = height and width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from harness.engine.networks.hooks import in_mode
from harness.engine.networks.network import Network


@dataclass(frozen=True)
class StageSummary:
    """One row of Table D.1 or D.2."""

    name: str  # conv1, block1, pooling1, …, pooling, classifier
    cell: str  # in the paper's notation: "3x3,16,s1", "(3x3,16; 3x3,16)x3"
    repeats: int  # residual blocks or convolutions, 1 elsewhere
    channels: int  # at its output
    parameters: int
    macs: int  # multiply-accumulates for one image and one time step
    time_steps: int  # at which it runs for a static image


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
        """The same for one image over all time steps that each stage runs, as if spikes were any
        number (no sparsity counted).
        """
        return sum(stage.macs * stage.time_steps for stage in self.stages)


def summarise(network: Network, image_shape: tuple[int, int, int] = (3, 32, 32)) -> Summary:
    """Count a built network's stages, parameters and MACs by sending one blank image through it.

    Raises HarnessError when the network cannot take images of that shape. The network is left as it
    was.
    """
    macs = _macs_per_layer(network, image_shape)
    parameters = {name: number.numel() for name, number in network.named_parameters()}
    stages = tuple(
        StageSummary(
            part.name,
            part.cell,
            part.repeats,
            part.channels,
            sum(count for name, count in parameters.items() if part.holds(name)),
            sum(count for name, count in macs.items() if part.holds(name)),
            part.time_steps,
        )
        for part in network.outline()
    )
    return Summary(stages, image_shape, network.time_steps)


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
        with torch.no_grad(), in_mode(network, "eval"):
            network(blank)
    finally:
        for hook in hooks:
            hook.remove()
    return macs
