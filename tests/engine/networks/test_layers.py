"""Initial weights."""

from __future__ import annotations

import torch
from torch import nn

from harness.engine.networks import initialise, resnet
from harness.engine.networks.layers import convolution, linear


def test_convolutions_are_kaiming_normal_in_fan_out() -> None:
    network = nn.ModuleDict({"conv": convolution(64, 128, kernel=3)})
    initialise(network, 0)
    weight = network["conv"].weight
    assert abs(weight.std().item() / (2 / (9 * 128)) ** 0.5 - 1) < 0.02
    assert abs(weight.mean().item()) < 1e-3


def test_linear_layers_are_uniform_within_one_over_root_features() -> None:
    network = nn.ModuleDict({"fc": linear(64, 1000)})
    initialise(network, 0)
    for numbers in network["fc"].parameters():
        assert 0.12 < numbers.abs().max().item() <= 0.125
        assert abs(numbers.mean().item()) < 0.01


def test_the_numbers_belong_to_the_name_and_not_to_the_order_of_building() -> None:
    one = nn.ModuleDict({"a": convolution(3, 4, kernel=3), "b": convolution(3, 4, kernel=3)})
    other = nn.ModuleDict({"b": convolution(3, 4, kernel=3)})
    initialise(one, 5)
    initialise(other, 5)
    assert torch.equal(one["b"].weight, other["b"].weight)
    assert not torch.equal(one["a"].weight, one["b"].weight)


def test_spiking_artificial_and_cut_networks_share_their_weights() -> None:
    full = resnet(20, base_width=2, neuron="lif", seed=3).state_dict()
    for other in (
        resnet(20, base_width=2, neuron="relu", seed=3),
        resnet(20, base_width=2, stages_without_shortcut=(2,), seed=3),
    ):
        for name, tensor in other.state_dict().items():
            assert torch.equal(tensor, full[name]), name


def test_another_seed_gives_other_weights_and_the_global_generator_is_left_alone() -> None:
    before = torch.random.get_rng_state()
    one, other = resnet(8, base_width=2, seed=0), resnet(8, base_width=2, seed=1)
    assert not torch.equal(one.conv1.weight, other.conv1.weight)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_initialise_again_forgets_the_training() -> None:
    network = resnet(8, base_width=2, neuron="relu", seed=0)
    fresh = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    network(torch.randn(4, 3, 8, 8))
    assert not torch.equal(network.bn1.running_mean, fresh["bn1.running_mean"])
    initialise(network, 0)
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, fresh[name]), name
