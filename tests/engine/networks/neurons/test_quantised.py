"""A ReLU of few levels: its values, its gradient, and the spikes that it stands for."""

from __future__ import annotations

import pytest
import torch

from harness.engine.networks import resnet
from harness.parts.neurons import If, QuantisedRelu


def test_its_levels_are_those_of_the_definition() -> None:
    at = [-1.0, 0.0, 0.07, 0.08, 0.5, 0.93, 1.0, 7.0]
    given = torch.tensor(at, dtype=torch.float64)
    expected = [round(7 * min(max(x, 0.0), 1.0)) / 7 for x in at]
    assert QuantisedRelu(bits=3).layer()(given, 1).tolist() == pytest.approx(expected)
    made = QuantisedRelu(bits=1, ceiling=2.0).layer()(given, 1)
    assert set(made.tolist()) == {0.0, 2.0}
    many = torch.linspace(-1, 3, 4001, dtype=torch.float64)
    assert len(QuantisedRelu(bits=3, ceiling=2.0).layer()(many, 1).unique()) == 8


def test_the_gradient_passes_between_zero_and_the_ceiling() -> None:
    given = torch.tensor([-0.1, 0.0, 0.01, 0.5, 1.9, 2.0, 3.0], requires_grad=True)
    QuantisedRelu(bits=2, ceiling=2.0).layer()(given, 1).backward(torch.full((7,), 3.0))
    assert given.grad is not None
    assert given.grad.tolist() == [0, 0, 3, 3, 3, 0, 0]


def test_many_bits_are_a_relu_with_a_ceiling() -> None:
    given = torch.randn(500, generator=torch.Generator().manual_seed(0)).double()
    found = QuantisedRelu(bits=16, ceiling=1.5).layer()(given, 1)
    assert torch.allclose(found, given.clamp(0, 1.5), atol=1.5 / 2**16)


def test_it_gives_the_rate_of_integrate_and_fire_neurons_within_a_level() -> None:
    steps = 7  # as many as 3 bits have levels above 0
    given = torch.linspace(-0.5, 1.5, 201, dtype=torch.float64)
    spikes = If(time_steps=steps, reset="soft", fires_at_threshold=True).layer()
    rate = spikes(given.repeat(steps, 1), steps)
    apart = (QuantisedRelu(bits=3).layer()(given, 1) - rate.double().mean(0)).abs()
    assert apart.max() <= 1 / steps + 1e-9


def test_a_network_of_it_is_an_artificial_one_with_the_same_weights() -> None:
    made = resnet(8, base_width=2, neuron=QuantisedRelu(bits=3))
    plain = resnet(8, base_width=2, neuron="relu").state_dict()
    assert made.time_steps == 1
    assert all(torch.equal(one, plain[name]) for name, one in made.state_dict().items())
