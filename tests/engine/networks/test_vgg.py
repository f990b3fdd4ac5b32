"""VGG: names and counts of the figures, the table's layout, both neurons, time."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn import functional

from harness.engine.networks import vgg
from harness.errors import HarnessError

DEPTHS = (13, 19, 25, 31, 43)


@pytest.mark.parametrize("depth", DEPTHS)
def test_the_layers_are_as_many_as_the_axes_of_fig_a1_leave_room_for(depth: int) -> None:
    names = vgg(depth, base_width=1).layer_names()
    assert len(set(names)) == len(names) == 3 * (depth - 3) + 4
    # the last tick of an axis lies within it, the next one beyond its margin of 5 %
    step, last = {13: (5, 30), 19: (10, 50), 25: (10, 70), 31: (20, 80), 43: (20, 120)}[depth]
    assert last <= 1.05 * (len(names) - 1) < last + step


def test_no_other_n_minus_k_fits_the_axes_of_all_five() -> None:
    ticks = {13: (5, 30), 19: (10, 50), 25: (10, 70), 31: (20, 80), 43: (20, 120)}
    left = {13: 30, 19: 50, 25: 60, 31: 80, 43: 100}  # last tick of the heatmap's upright axis
    fitting = [
        k
        for k in range(9)
        if all(
            last <= 1.05 * (3 * (n - k) + 3) < last + step and left[n] <= 3 * (n - k) + 3.5
            for n, (step, last) in ticks.items()
        )
    ]
    assert fitting == [3]


def test_convolutions_are_called_as_in_fig_a3() -> None:
    network = vgg(13, base_width=1)
    convolutions = [n for n, m in network.named_modules() if isinstance(m, torch.nn.Conv2d)]
    shown = [f"features.{place}" for place in (0, 3, 7, 10, 14, 17, 21, 24, 27)]
    assert convolutions == [*shown, "features.30"]
    pools = [n for n, m in network.named_modules() if isinstance(m, torch.nn.AvgPool2d)]
    assert pools == ["features.6", "features.13", "features.20"]


@pytest.mark.parametrize(("depth", "count"), [(13, 8), (19, 15), (25, 21), (31, 27), (43, 37)])
def test_the_layout_of_table_d2(depth: int, count: int) -> None:
    network = vgg(depth, base_width=1, layout="table")
    layers = list(network.modules())
    assert sum(isinstance(layer, torch.nn.Conv2d) for layer in layers) == count
    assert len(network.layer_names()) == 3 * count + 4


def test_stages_double_their_channels() -> None:
    rows = {row.name: row.channels for row in vgg(19, base_width=3, width=2).outline()}
    assert [rows[f"block{stage}"] for stage in (1, 2, 3, 4)] == [6, 12, 24, 48]


@pytest.mark.parametrize("neuron", ["lif", "relu"])
def test_names_come_in_execution_order(neuron: str) -> None:
    network = vgg(19, base_width=1, neuron=neuron)
    called: list[str] = []
    for name in network.layer_names():
        network.get_submodule(name).register_forward_hook(
            lambda layer, inputs, output, name=name: called.append(name)
        )
    network(torch.randn(2, 3, 8, 8))
    assert tuple(called) == network.layer_names()


def test_an_artificial_one_by_hand() -> None:
    network = vgg(13, base_width=2, neuron="relu", seed=1).double().eval()
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(3, 3, 16, 16, generator=generator, dtype=torch.float64)
    numbers, here = dict(network.named_parameters()), images
    for place in range(33):
        if place in (6, 13, 20):
            here = here.unflatten(2, (-1, 2)).unflatten(4, (-1, 2)).mean((3, 5))
        elif f"features.{place}.weight" not in numbers:
            here = here.clamp(min=0)
        elif numbers[f"features.{place}.weight"].ndim == 4:
            here = functional.conv2d(here, numbers[f"features.{place}.weight"], None, 1, 1)
        else:
            here = here * (1 + 1e-5) ** -0.5
    expected = here.mean((2, 3)) @ numbers["fc.weight"].T + numbers["fc.bias"]
    torch.testing.assert_close(network(images), expected)


def test_static_images_are_frames_that_repeat() -> None:
    network = vgg(13, base_width=4, time_steps=3, threshold=0.1).eval()
    images = torch.randn(4, 3, 8, 8) * 3
    logits = network(images)
    assert not torch.equal(logits[0], logits[1])  # a silent network would agree with anything
    torch.testing.assert_close(logits, network(torch.stack([images] * 3)))
    assert network(torch.randn(5, 2, 3, 8, 8)).shape == (2, 10)


def test_both_neurons_share_their_weights() -> None:
    spiking, artificial = (vgg(13, base_width=2, neuron=n, seed=4) for n in ("lif", "relu"))
    for name, tensor in spiking.state_dict().items():
        assert torch.equal(tensor, artificial.state_dict()[name]), name


@pytest.mark.parametrize("neuron", ["lif", "relu"])
def test_every_parameter_gets_a_finite_gradient(neuron: str) -> None:
    network = vgg(13, base_width=4, neuron=neuron)
    network(torch.randn(16, 3, 8, 8)).logsumexp(1).sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all() and parameter.grad.any(), name


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"depth": 16}, "depth: must be 13, 19, 25, 31 or 43"),
        ({"depth": 13, "layout": "tabel"}, "'figures' or 'table'"),
        ({"depth": 13, "width": 0}, "width"),
        ({"depth": 13, "neuron": "lfi"}, "did you mean 'lif'"),
    ],
)
def test_networks_that_do_not_exist_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(HarnessError, match=message):
        vgg(**arguments)


def test_images_that_do_not_halve_three_times_are_refused() -> None:
    with pytest.raises(HarnessError, match="12x12 pixels does not halve 3 times"):
        vgg(13, base_width=1)(torch.randn(2, 3, 12, 12))
