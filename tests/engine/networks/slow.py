"""The residual network written out step by step, for tests: no folding, no modules, no shortcuts in
the code."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from harness.engine.networks import ResNet

Steps = list[Tensor]  # one [B, C, H, W] for each time step


def lif(currents: Steps) -> Steps:
    """Paper eq. 1 with decay 0.5 and threshold 1."""
    potential, spikes = torch.zeros_like(currents[0]), []
    for current in currents:
        potential = 0.5 * potential + current
        fired = (potential > 1.0).to(current.dtype)
        potential = potential * (1 - fired)
        spikes.append(fired)
    return spikes


def relu(currents: Steps) -> Steps:
    return [current.clamp(min=0) for current in currents]


def norm(steps: Steps, weight: Tensor, bias: Tensor) -> Steps:
    """Statistics of a channel over time, batch and space together."""
    together = torch.stack(steps)
    mean = together.mean((0, 1, 3, 4), keepdim=True)[0]
    variance = together.var((0, 1, 3, 4), unbiased=False, keepdim=True)[0]
    scale, shift = weight.view(1, -1, 1, 1), bias.view(1, -1, 1, 1)
    return [(step - mean) / (variance + 1e-5).sqrt() * scale + shift for step in steps]


def slow_logits(
    network: ResNet,
    frames: Sequence[Tensor],
    *,
    spiking: bool,
    without: tuple[int, ...] = (),
    single: tuple[int, ...] = (),
    rectified: bool = False,
) -> Tensor:
    """Logits of `network` in training mode, for one image [B, C, H, W] at each step."""
    numbers = dict(network.named_parameters())
    act: Callable[[Steps], Steps] = lif if spiking else relu

    def conv(steps: Steps, name: str, stride: int = 1) -> Steps:
        weight = numbers[f"{name}.weight"]
        return [functional.conv2d(s, weight, None, stride, weight.shape[-1] // 2) for s in steps]

    def bn(steps: Steps, name: str) -> Steps:
        return norm(steps, numbers[f"{name}.weight"], numbers[f"{name}.bias"])

    def block(steps: Steps, name: str, stride: int, shortcut: bool) -> Steps:
        activated = act(steps)
        branch = bn(conv(activated, f"{name}.conv1", stride), f"{name}.bn1")
        branch = bn(conv(act(branch), f"{name}.conv2"), f"{name}.bn2")
        if not shortcut:
            return branch
        beside = activated if rectified else steps
        if stride == 2:
            beside = conv([functional.avg_pool2d(s, 2) for s in activated], f"{name}.ds.1")
            beside = bn(beside, f"{name}.ds.2")
        return [one + other for one, other in zip(branch, beside, strict=True)]

    steps = list(frames)
    for stage in (1, 2, 3):
        if stage in single:
            steps = [sum(steps[1:], steps[0]) / len(steps)]
        elif len(steps) < len(frames):
            steps = steps * len(frames)
        if stage == 1:
            steps = bn(conv(steps, "conv1"), "bn1")
        for index in range(len(network.stage(stage))):
            stride = 2 if stage > 1 and index == 0 else 1
            steps = block(steps, f"s{stage}.b{index}", stride, stage not in without)
    pooled = [step.mean((2, 3)) for step in act(steps)]
    logits = [one @ numbers["fc.weight"].T + numbers["fc.bias"] for one in pooled]
    return sum(logits[1:], logits[0]) / len(logits)
