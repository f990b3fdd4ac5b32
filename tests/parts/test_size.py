"""Every count of a network is that of the network as built."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from harness.engine import networks as engine
from harness.engine.networks.block import PreActivationBlock
from harness.engine.norm import TdBatchNorm
from harness.measures.work import BACKWARD, passes, size_of_training, step_of
from harness.parts.size import Size
from tests.synthetic import plan

TRAININGS = {  # exhibit → overrides, and a part of the labels of its trainings
    "table1": ((), ("resnet-20 relu", "resnet-38 lif", "resnet-20 x2 lif")),
    "table2": ((), ("resnet-20 without",)),
    "fig4": ((), ("in s2",)),
    "table3": ((), ("s1 at T=1 lif T=4", "s3 at T=1 lif T=8")),
    "figA1": ((), ("vgg-13 relu", "vgg-19 lif", "vgg-25 lif", "vgg-31 relu", "vgg-43 lif", "x2")),
    "figA2": (("network=vgg-table", "depth=13,19,25,31,43", "time_steps=2"), ("vgg",)),
    "fig7": ((), ("resnet-20",)),  # frames of recordings, which have two channels
    "lab-fig1": ((), ("small",)),
    "lab-fig7": ((), ("alexnet",)),
}
CASES = {
    node.label: node
    for exhibit, (typed, parts) in TRAININGS.items()
    for node in plan(exhibit, profile="smoke", overrides=typed).nodes.values()
    if node.kind == "train" and any(part in node.label for part in parts)
}


def counted(case: str) -> tuple[Size, engine.Network, torch.Tensor]:
    """The size by its spec, the network that a run would build of it, and two images."""
    spec: Any = CASES[case].full
    shape = spec.dataset.channels, spec.dataset.size, spec.dataset.size
    return size_of_training(CASES[case].spec), spec.build(), torch.zeros(2, *shape)


@pytest.mark.parametrize("case", CASES)
def test_multiplications_weights_and_compared_layers_are_those_of_the_network(case: str) -> None:
    size, built, images = counted(case)
    summary = engine.summarise(built, images.shape[1:])
    assert size.macs == summary.macs
    assert size.weights == summary.parameters
    layers = engine.record(built, images)
    assert size.compared == len(layers)
    assert size.features == sum(output.numel() for _, output in layers) / 2


@pytest.mark.parametrize("case", CASES)
def test_moved_numbers_are_what_its_layers_read_and_write(case: str) -> None:
    """A batch norm reads twice; a sum reads branch and shortcut. Each is an operation."""
    size, built, images = counted(case)
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
        built.eval()(images)
    assert (size.moved, size.calls) == (moved[0] / 2, calls[0])


COUNTED = [label for label in CASES if "-20 relu" in label or "small" in label or "alex" in label]


@pytest.mark.parametrize("case", COUNTED)
def test_a_training_step_takes_the_flops_that_are_counted(case: str) -> None:
    """But for the gradient by the image, which nobody asks for."""
    size, built, images = counted(case)
    counter = FlopCounterMode(display=False)
    with counter:
        built.train()(images).sum().backward()
    expected = step_of(size, 2, "f32").flops
    assert 0.88 * expected < counter.get_total_flops() < expected


@pytest.mark.parametrize("case", COUNTED)
def test_an_iteration_of_an_attack_takes_the_flops_that_are_counted(case: str) -> None:
    size, built, images = counted(case)
    counter, attacked = FlopCounterMode(display=False), images.requires_grad_()
    with counter:
        built.eval().requires_grad_(False)(attacked).sum().backward()
    assert counter.get_total_flops() == passes(size, 2, backward=BACKWARD / 2).flops


def test_published_networks_have_their_published_sizes() -> None:
    # ResNet-20 at 32x32: 40.8 M multiply-accumulates, 0.27 M weights (He et al. 2016);
    # AlexNet at 224x224: 0.714 G and 61.1 M (torchvision)
    found = plan("table1").nodes.values()
    resnet = size_of_training(next(n.spec for n in found if "resnet-20 relu" in n.label))
    assert resnet.macs == pytest.approx(40.8e6, rel=0.01)
    assert resnet.weights == pytest.approx(0.27e6, rel=0.02)
    kernels = next(iter(plan("lab-fig4").nodes.values()))
    alexnet = size_of_training(kernels.spec["x"], side=224)
    assert alexnet.macs == pytest.approx(0.714e9, rel=1e-3)
    assert alexnet.weights == 61_100_840
