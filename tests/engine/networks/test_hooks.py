"""Hooks: every layer call, in order, and never a feature that changes later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from harness.engine.networks import Network, hooked, record, resnet, small, vgg
from harness.errors import HarnessError

BUILDERS: list[Callable[..., Network]] = [
    lambda **choice: resnet(14, base_width=2, **choice),
    lambda **choice: vgg(13, base_width=2, **choice),
    lambda **choice: small(base_width=2, **choice),
]
IMAGES = torch.randn(3, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 3
each_network = pytest.mark.parametrize("build", BUILDERS, ids=["resnet", "vgg", "small"])
each_neuron = pytest.mark.parametrize("neuron", ["lif", "relu"])


@each_network
@each_neuron
def test_each_layer_is_delivered_once_in_execution_order(build: Any, neuron: str) -> None:
    network = build(neuron=neuron, time_steps=2)
    found = record(network, IMAGES)
    assert tuple(name for name, _ in found) == network.layer_names()
    steps = 2 if neuron == "lif" else 1
    assert {tuple(feature.shape[:2]) for _, feature in found} == {(steps, 3)}


@each_network
@each_neuron
@pytest.mark.parametrize("shortcut", ["identity", "rectified"])
def test_no_later_layer_writes_into_a_feature(build: Any, neuron: str, shortcut: str) -> None:
    network = build(neuron=neuron, **({"shortcut": shortcut} if build is BUILDERS[0] else {}))
    kept: list[tuple[str, Tensor, Tensor]] = []
    with torch.no_grad(), hooked(network, None, lambda n, f: kept.append((n, f, f.clone()))):
        network(IMAGES)
    assert kept
    for name, feature, then in kept:
        assert torch.equal(feature, then), name


def test_nothing_is_copied() -> None:
    network, seen = small(base_width=2), []
    network.get_submodule("bn2").register_forward_hook(
        lambda layer, inputs, output: seen.append(output)
    )
    ((_, feature),) = record(network, IMAGES, ["bn2"])
    assert feature.data_ptr() == seen[0].data_ptr()


def test_time_comes_first_then_the_images() -> None:
    network = small(base_width=2, neuron="relu").eval()
    frames = torch.stack([IMAGES, 2 * IMAGES])
    ((_, both),) = record(network, frames, ["conv1"])
    ((_, second),) = record(network, 2 * IMAGES, ["conv1"])
    torch.testing.assert_close(both[1], second[0])


def test_layers_may_be_chosen_and_come_in_execution_order() -> None:
    found = record(resnet(8, base_width=1), IMAGES, ["pool", "s1.b0", "conv1"])
    assert [name for name, _ in found] == ["conv1", "s1.b0", "pool"]


def test_gradients_flow_to_the_images() -> None:
    network, images = small(base_width=2, neuron="relu"), IMAGES.clone().requires_grad_()
    seen: list[Tensor] = []
    with hooked(network, ["conv2"], lambda name, feature: seen.append(feature)):
        network(images)
    seen[0].sum().backward()
    assert images.grad is not None and images.grad.any()


def test_the_hooks_are_gone_afterwards_even_after_a_fault() -> None:
    network, calls = small(base_width=2), []

    def stop(name: str, feature: Tensor) -> None:
        calls.append(name)
        raise ValueError("enough")

    with pytest.raises(ValueError, match="enough"), hooked(network, ["bn1", "bn2"], stop):
        network(IMAGES)
    network(IMAGES)
    assert calls == ["bn1"]
    assert not any(layer._forward_hooks for layer in network.modules())
    assert not network._forward_pre_hooks


def test_an_unknown_layer_is_refused_and_leaves_no_hook() -> None:
    network = small(base_width=2)
    with pytest.raises(HarnessError, match="did you mean 'bn2'"):
        record(network, IMAGES, ["bn1", "bn2x"])
    assert not network.get_submodule("bn1")._forward_hooks


def test_an_empty_batch_has_no_features() -> None:
    with pytest.raises(HarnessError, match="empty batch"):
        record(small(base_width=2), IMAGES[:0])
