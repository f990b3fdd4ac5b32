"""Every count of a network is that of the network as built."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from harness.engine import networks as engine
from harness.engine.networks.block import PreActivationBlock
from harness.engine.norm import TdBatchNorm
from harness.plan.estimate import BACKWARD, passes, step_of
from harness.plan.size import VGG_DEPTHS, Size, size_of

RESNET = {"kind": "resnet", "depth": 20, "base_width": 4, "width": 1}
VGG = {"kind": "vgg", "base_width": 4, "width": 1}
STAND_IN = {"kind": "alexnet", "weights": "stand-in", "enlarge": 2}

CASES: dict[str, tuple[dict[str, Any], int, Callable[[], engine.Network]]] = {
    "resnet-20": (RESNET, 1, partial(engine.resnet, 20, base_width=4, neuron="relu")),
    "resnet-38 x2 lif": (
        RESNET | {"depth": 38, "width": 2},
        4,
        partial(engine.resnet, 38, width=2, base_width=4, time_steps=4),
    ),
    "resnet-20 without shortcuts, s1 at one step": (
        RESNET | {"residual": [2], "single_step": [1]},
        3,
        partial(engine.resnet, 20, base_width=4, residual=(2,), single_step=(1,), time_steps=3),
    ),
    "resnet-26 s3 at one step, no shortcuts at all": (
        RESNET | {"depth": 26, "residual": "none", "single_step": [3]},
        2,
        partial(engine.resnet, 26, base_width=4, residual="none", single_step=(3,), time_steps=2),
    ),
    "small x2 lif": (
        {"kind": "small", "stages": 3, "channels": 8, "width": 2},
        4,
        partial(engine.small, 3, base_width=8, width=2, time_steps=4),
    ),
    "stand-in": (STAND_IN, 1, partial(engine.alexnet, head="linear", classes=10, enlarge=2)),
} | {
    f"vgg-{depth} {layout}": (
        VGG | {"depth": depth, "layout": layout},
        2,
        partial(engine.vgg, depth, base_width=4, layout=layout, time_steps=2),
    )
    for layout in ("figures", "table")
    for depth in VGG_DEPTHS
}
SIDE = 32


def counted(case: str) -> tuple[Size, engine.Network]:
    spec, steps, built = CASES[case]
    return size_of(spec, {"channels": 3, "size": SIDE, "classes": 10}, steps), built()


def images(count: int = 2) -> torch.Tensor:
    return torch.zeros(count, 3, SIDE, SIDE)


@pytest.mark.parametrize("case", CASES)
def test_multiplications_weights_and_compared_layers_are_those_of_the_network(case: str) -> None:
    size, built = counted(case)
    summary = engine.summarise(built, (3, SIDE, SIDE))
    assert size.macs == summary.macs
    assert size.weights == summary.parameters
    layers = engine.record(built, images())
    assert size.compared == len(layers)
    assert size.features == sum(output.numel() for _, output in layers) / 2


@pytest.mark.parametrize("case", CASES)
def test_moved_numbers_are_what_its_layers_read_and_write(case: str) -> None:
    """A batch norm reads twice; a sum reads branch and shortcut. Each is an operation."""
    size, built = counted(case)
    moved, calls = [0], [0]

    def count(layer: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        read = inputs[0].numel() * (1 + isinstance(layer, TdBatchNorm))
        if isinstance(layer, PreActivationBlock):
            read = 2 * output.numel()
        moved[0] += read + output.numel()
        calls[0] += 1

    for layer in built.modules():
        is_sum = isinstance(layer, PreActivationBlock) and layer.shortcut
        is_layer = not list(layer.children()) and not isinstance(layer, nn.Dropout)
        if is_sum or is_layer:
            layer.register_forward_hook(count)
    with torch.no_grad():
        built.eval()(images())
    assert (size.moved, size.calls) == (moved[0] / 2, calls[0])


COUNTED = ["resnet-20", "vgg-13 figures", "small x2 lif", "stand-in"]


@pytest.mark.parametrize("case", COUNTED)
def test_a_training_step_takes_the_flops_that_are_counted(case: str) -> None:
    """But for the gradient by the image, which nobody asks for."""
    size, built = counted(case)
    counter = FlopCounterMode(display=False)
    with counter:
        built.train()(images()).sum().backward()
    expected = step_of(size, 2, "f32").flops
    assert 0.88 * expected < counter.get_total_flops() < expected


@pytest.mark.parametrize("case", COUNTED)
def test_an_iteration_of_an_attack_takes_the_flops_that_are_counted(case: str) -> None:
    size, built = counted(case)
    counter, attacked = FlopCounterMode(display=False), images().requires_grad_()
    with counter:
        built.eval().requires_grad_(False)(attacked).sum().backward()
    assert counter.get_total_flops() == passes(size, 2, backward=BACKWARD / 2).flops


def test_a_run_stored_before_the_field_has_no_stage_of_one_step() -> None:
    dataset = {"channels": 3, "size": SIDE, "classes": 10}
    assert size_of(RESNET, dataset, 4) == size_of(RESNET | {"single_step": ()}, dataset, 4)


def test_published_networks_have_their_published_sizes() -> None:
    # ResNet-20 at 32x32: 40.8 M multiply-accumulates, 0.27 M weights (He et al. 2016);
    # AlexNet at 224x224: 0.714 G and 61.1 M (torchvision)
    resnet = size_of(RESNET | {"base_width": 16}, {"channels": 3, "size": 32, "classes": 10}, 1)
    assert resnet.macs == pytest.approx(40.8e6, rel=0.01)
    assert resnet.weights == pytest.approx(0.27e6, rel=0.02)
    published = {"kind": "alexnet", "weights": "imagenet"}
    alexnet = size_of(published, {"channels": 3, "size": 224, "classes": 1000}, 1)
    assert alexnet.macs == pytest.approx(0.714e9, rel=1e-3)
    assert alexnet.weights == 61_100_840
