"""Operations against a count from the definition in float64, and where the answer is known."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.engine.networks import given, resnet, summarise
from harness.engine.operations import LayerOperations, count_operations
from harness.errors import HarnessError

IMAGES, STEPS = 5, 3
SHAPE = (3, 8, 8)
TINY = {"base_width": 4, "classes": 3}


def images(count: int = IMAGES) -> Tensor:
    return torch.randn(count, *SHAPE, generator=torch.Generator().manual_seed(0))


def spiking(**fields: float) -> nn.Module:
    return resnet(8, neuron="lif", time_steps=STEPS, threshold=0.5, **TINY, **fields)


def activations(network: nn.Module) -> list[str]:
    return [name for name in network.layer_names() if "relu" in name]


def slow(network: nn.Module, batch: Tensor) -> dict[str, tuple[float, float]]:
    """(multiply-accumulates, accumulates) of each layer: every patch of the input is written out in
    float64, and what is not 0 and 1 throughout is multiplied.
    """
    found: dict[str, tuple[float, float]] = {}

    def counter(name: str) -> Callable[..., None]:
        def count(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            fed = inputs[0].double()
            if isinstance(layer, nn.Conv2d):
                places = functional.unfold(
                    fed, layer.kernel_size, padding=layer.padding, stride=layer.stride
                )
                dense = places.numel() * layer.out_channels
            else:
                dense = len(fed) * layer.in_features * layer.out_features
            spikes = set(fed.unique().tolist()) <= {0.0, 1.0}
            found[name] = (0.0, float(fed.mean()) * dense) if spikes else (float(dense), 0.0)

        return count

    hooks = [
        layer.register_forward_hook(counter(name))
        for name, layer in network.named_modules()
        if isinstance(layer, nn.Conv2d | nn.Linear)
    ]
    with torch.no_grad():
        network.eval()(batch)
    for hook in hooks:
        hook.remove()
    return found


@pytest.mark.parametrize("neuron", ["relu", "lif"])
def test_every_layer_against_the_definition(neuron: str) -> None:
    network = resnet(8, neuron=neuron, time_steps=STEPS, **TINY)
    found = count_operations(network, images().split(2))
    expected = slow(network, images())
    assert found.images == IMAGES
    assert list(found.layers) == list(expected)
    for name, one in found.layers.items():
        multiplied, added = expected[name]
        assert one.multiply_accumulates == multiplied, name
        assert one.accumulates == pytest.approx(added, rel=1e-12), name


def test_what_is_dense_is_what_the_architecture_has() -> None:
    for network in (resnet(8, neuron="relu", **TINY), spiking(), spiking(one_step_stages=(1,))):
        found = count_operations(network, [images()])
        dense = sum(one.dense for one in found.layers.values())
        assert dense == IMAGES * summarise(network, SHAPE).macs


def test_only_what_sees_the_image_a_pool_or_the_mean_is_multiplied_in_an_snn() -> None:
    found = count_operations(spiking(), [images()])
    multiplied = {name for name, one in found.layers.items() if one.multiply_accumulates}
    assert multiplied == {"conv1", "s2.b0.ds.1", "s3.b0.ds.1", "fc"}
    assert not any(one.accumulates for name, one in found.layers.items() if name in multiplied)


@pytest.mark.parametrize(("current", "rate"), [(100.0, 1.0), (-100.0, 0.0)])
def test_neurons_that_all_fire_or_none(current: float, rate: float) -> None:
    network = spiking()
    with torch.no_grad():
        for name, layer in network.named_modules():
            if name.split(".")[-1].startswith("bn"):
                layer.weight.fill_(0.0)
                layer.bias.fill_(current)
    found = count_operations(network, [images()], activations(network))
    assert set(found.spikes) == {*activations(network)}
    assert all(found.rates(name) == [rate] * STEPS for name in found.spikes)
    assert found.rate == rate
    inside = [one for name, one in found.layers.items() if name.endswith(("conv1", "conv2"))][1:]
    assert all(one.is_binary and one.accumulates == rate * one.dense for one in inside)


def test_rates_are_those_of_each_step_over_all_images() -> None:
    network = spiking()
    found = count_operations(network, images().split(2), activations(network))
    seen: list[Tensor] = []
    hook = network.relu.register_forward_hook(lambda layer, inputs, spikes: seen.append(spikes))
    with torch.no_grad():
        network.eval()(images())
    hook.remove()
    by_step = seen[0].double().view(STEPS, -1).mean(1).tolist()
    assert found.rates("relu") == pytest.approx(by_step)
    neurons = [found.neurons[name] for name in found.spikes]
    mean = [math.fsum(found.rates(name)) / STEPS for name in found.spikes]
    weighted = math.fsum(n * m for n, m in zip(neurons, mean, strict=True)) / sum(neurons)
    assert found.rate == pytest.approx(weighted)


def test_each_spike_adds_a_weight_for_each_unit_behind_it() -> None:
    class Fed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(6, 7, bias=False)

        def forward(self, pixels: Tensor) -> Tensor:
            return self.fc((pixels.flatten(1)[:, :6] > 0).float())

    pixels = images()
    spikes = int((pixels.flatten(1)[:, :6] > 0).sum())
    found = count_operations(given(Fed()), [pixels]).layers["fc"]
    assert found.accumulates == pytest.approx(7 * spikes)
    assert found.multiply_accumulates == 0


def test_one_batch_with_other_numbers_makes_a_layer_dense() -> None:
    assert LayerOperations(10, 4, 2, is_binary=True).accumulates == 5
    assert LayerOperations(10, 4, 2, is_binary=False).multiply_accumulates == 10

    class Fed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(192, 2)

        def forward(self, pixels: Tensor) -> Tensor:
            return self.fc(pixels.flatten(1))

    ones = torch.ones(2, *SHAPE)
    assert count_operations(given(Fed()), [ones, ones]).layers["fc"].is_binary
    assert not count_operations(given(Fed()), [ones, ones / 2]).layers["fc"].is_binary
    assert not count_operations(given(Fed()), [ones / 2, ones]).layers["fc"].is_binary


def test_the_network_is_left_as_it_was_and_no_image_is_refused() -> None:
    network = spiking().train()
    before = {name: one.clone() for name, one in network.state_dict().items()}
    count_operations(network, [images()], activations(network))
    assert network.training
    assert all(torch.equal(one, before[name]) for name, one in network.state_dict().items())
    assert not any(layer._forward_hooks for layer in network.modules())
    with pytest.raises(HarnessError, match="no image"):
        count_operations(network, [])
