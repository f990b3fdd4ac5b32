"""What training steps reach on a device, timed on three networks that leave one limit each."""

from __future__ import annotations

import time
from typing import Any

import torch
from torch import nn

from harness.engine.networks import resnet
from harness.engine.training.numerics import autocast
from harness.measures.work import Work, step_of
from harness.parts.size import size_of
from harness.plan.device import MEASURED, Device

REPEATS = 4  # the fastest counts: what else runs on a machine only slows a step down
FRAMEWORK = (20, 4, 8, 4)  # depth, channels, pixels a side, time steps: many layers, little in each
ARITHMETIC = (8, 128, 8, 1)  # many channels
MEMORY = (8, 8, 32, 4)  # few of them, many numbers
FEW_IMAGES = 4
IMAGES = {"cpu": 64, "cuda": 2048}


def measure(kind: str) -> Device | None:
    """The numbers of one core (`cpu`) or of the first GPU (`cuda`), in a few seconds; None where
    torch finds no GPU. On a core it is processor time that counts, so that others disturb little.
    """
    if kind == "cuda" and not torch.cuda.is_available():
        return None
    if kind == "cpu":
        torch.set_num_threads(1)
    seconds, work = _timed(kind, FRAMEWORK, FEW_IMAGES, "f32")
    launch = seconds / work.launches

    def busy(shape: tuple[int, int, int, int], precision: str) -> tuple[float, Work]:
        seconds, work = _timed(kind, shape, IMAGES[kind], precision)
        return max(seconds - launch * work.launches, 0.1 * seconds), work

    single, half, moved = (
        busy(ARITHMETIC, "f32"),
        busy(ARITHMETIC, "fp16" if kind == "cuda" else "bf16"),
        busy(MEMORY, "f32"),
    )
    return Device(
        MEASURED,
        flops=single[1].flops / single[0],
        half_flops=half[1].flops / half[0],
        bandwidth=moved[1].bytes / moved[0],
        launch=launch,
    )


def _timed(
    kind: str, shape: tuple[int, int, int, int], images: int, precision: Any
) -> tuple[float, Work]:
    """Seconds of a training step, and what it is counted as in a plan."""
    (depth, channels, side, steps), device = shape, torch.device(kind)
    neuron = "relu" if steps == 1 else "lif"
    network = resnet(depth, base_width=channels, neuron=neuron, time_steps=steps).to(device)
    pixels = torch.zeros(images, 3, side, side, device=device)
    labels = torch.zeros(images, dtype=torch.int64, device=device)
    optimiser = torch.optim.SGD(network.parameters(), lr=0.0, momentum=0.9)
    clock = time.perf_counter if kind == "cuda" else time.process_time

    def step() -> float:
        started = clock()
        with autocast(precision, device):
            loss = nn.functional.cross_entropy(network(pixels), labels)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        if kind == "cuda":
            torch.cuda.synchronize()
        return clock() - started

    step()  # compiles kernels and chooses algorithms
    spec = {"kind": "resnet", "depth": depth, "base_width": channels, "width": 1}
    size = size_of(spec, {"channels": 3, "size": side, "classes": 10}, steps)
    return min(step() for _ in range(REPEATS)), step_of(size, images, precision)
