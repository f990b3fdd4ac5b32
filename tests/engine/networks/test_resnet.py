"""Residual networks: names, counts, gradients, time, faults."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from harness.engine.networks import resnet
from harness.errors import HarnessError

LOW = (
    0.1  # a threshold at which networks whose running statistics are fresh fire to their last layer
)


@pytest.mark.parametrize(
    ("depth", "layers"), [(20, 73), (38, 136), (56, 199), (74, 262), (110, 388), (164, 577)]
)
def test_the_layers_are_as_many_as_on_the_axes_of_fig_2(depth: int, layers: int) -> None:
    network = resnet(depth, base_width=1)
    names = network.layer_names()
    assert len(names) == len(set(names)) == layers
    convolutions = sum(isinstance(layer, torch.nn.Conv2d) for layer in network.modules())
    assert convolutions + 1 == depth + 2  # with the classifier; the two projections are not counted


def test_the_names_are_those_of_the_papers_figures() -> None:
    names = resnet(20, base_width=1).layer_names()
    assert names[:9] == (
        *("conv1", "bn1"),
        *("s1.b0.relu1", "s1.b0.conv1", "s1.b0.bn1", "s1.b0.relu2", "s1.b0.conv2", "s1.b0.bn2"),
        "s1.b0",
    )
    start = names.index("s2.b0.bn2")
    assert names[start + 1 : start + 5] == ("s2.b0.ds.0", "s2.b0.ds.1", "s2.b0.ds.2", "s2.b0")
    assert names[-3:] == ("s3.b2", "relu", "pool")
    # Fig. A.12: 22 panels of convolutions and classifier, 18 of activations
    assert sum("conv" in name or name.endswith("ds.1") for name in names) + 1 == 22
    assert sum("relu" in name and "." in name for name in names) == 18


@pytest.mark.parametrize("bare", [(), (1, 2, 3), (2,), (1, 3)])
@pytest.mark.parametrize("neuron", ["lif", "relu"])
def test_names_come_in_execution_order(neuron: str, bare: tuple[int, ...]) -> None:
    network = resnet(20, base_width=1, neuron=neuron, stages_without_shortcut=bare)
    called: list[str] = []
    for name in network.layer_names():
        network.get_submodule(name).register_forward_hook(
            lambda layer, inputs, output, name=name: called.append(name)
        )
    network(torch.randn(2, 3, 8, 8))
    assert tuple(called) == network.layer_names()


def test_activations_are_spikes_in_the_spiking_network_only() -> None:
    seen: dict[str, set[float]] = {}
    for neuron in ("lif", "relu"):
        network = resnet(8, base_width=4, neuron=neuron)
        network.relu.register_forward_hook(
            lambda layer, inputs, output, neuron=neuron: seen.update(
                {neuron: set(output.unique().tolist())}
            )
        )
        network(torch.randn(4, 3, 8, 8))
    assert seen["lif"] == {0.0, 1.0}
    assert len(seen["relu"]) > 2


@pytest.mark.parametrize("bare", [(), (1, 2, 3), (1,), (2, 3)])
@pytest.mark.parametrize("neuron", ["lif", "relu"])
def test_every_parameter_gets_a_finite_gradient(neuron: str, bare: tuple[int, ...]) -> None:
    network = resnet(14, base_width=4, neuron=neuron, stages_without_shortcut=bare)
    network(torch.randn(16, 3, 8, 8)).logsumexp(1).sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all() and parameter.grad.any(), name


def test_stages_without_shortcuts_lose_their_projection_and_nothing_else() -> None:
    full, cut = set(resnet(20, base_width=1).layer_names()), {}
    for bare in ((1,), (2,), (1, 2, 3)):
        cut[bare] = full - set(resnet(20, base_width=1, stages_without_shortcut=bare).layer_names())
    assert cut[(1,)] == set()
    assert cut[(2,)] == {"s2.b0.ds.0", "s2.b0.ds.1", "s2.b0.ds.2"}
    assert len(cut[(1, 2, 3)]) == 6


def test_static_images_are_frames_that_repeat() -> None:
    network = resnet(8, base_width=2, time_steps=3, threshold=LOW).eval()
    images = torch.randn(4, 3, 8, 8)
    logits = network(images)
    assert not torch.equal(logits[0], logits[1])  # a silent network would agree with anything
    torch.testing.assert_close(logits, network(torch.stack([images] * 3)))


def test_logits_are_the_mean_over_steps() -> None:
    network = resnet(8, base_width=4, time_steps=4, threshold=LOW).eval()
    heard: list[torch.Tensor] = []
    network.fc.register_forward_hook(lambda layer, inputs, output: heard.append(output))
    logits = network(torch.randn(5, 3, 8, 8))
    per_step = heard[0].view(4, 5, 10)
    assert not torch.equal(per_step[0], per_step[3])
    torch.testing.assert_close(logits, per_step.mean(0))


def test_an_artificial_network_sees_a_static_image_once() -> None:
    network = resnet(8, base_width=2, neuron="relu", time_steps=7)
    sizes: list[int] = []
    network.conv1.register_forward_hook(lambda layer, inputs, output: sizes.append(len(output)))
    network(torch.randn(4, 3, 8, 8))
    assert sizes == [4]


def test_the_network_is_pure() -> None:
    network = resnet(8, base_width=4, threshold=LOW).eval()
    images = torch.randn(4, 3, 8, 8)
    first = network(images)
    assert not torch.equal(first[0], first[1])
    network(torch.randn(2, 3, 16, 16))
    assert torch.equal(network(images), first)


def test_branches_can_start_at_zero() -> None:
    network = resnet(14, base_width=4, residual_scale=0.0)
    outputs: list[torch.Tensor] = []
    for name in ("bn1", "s1.b1"):
        network.get_submodule(name).register_forward_hook(
            lambda layer, inputs, output: outputs.append(output)
        )
    network(torch.randn(4, 3, 8, 8))
    assert torch.equal(*outputs)
    assert not any(block.bn2.weight.any() for block in network.blocks())


def test_a_block_without_a_shortcut_never_starts_at_zero() -> None:
    """Nothing would pass through it, forward or backward, and it would stay at chance for ever."""
    some: dict[str, Any] = {"base_width": 4, "neuron": "relu", "residual_scale": 0.0}
    network = resnet(14, stages_without_shortcut=(2,), **some)
    starts = {stage: network.stage(stage)[0].bn2.weight.unique().tolist() for stage in (1, 2, 3)}
    assert starts == {1: [0.0], 2: [1.0], 3: [0.0]}
    bare = resnet(14, stages_without_shortcut=(1, 2, 3), **some)
    bare(torch.randn(4, 3, 8, 8)).square().sum().backward()
    assert bare.conv1.weight.grad is not None
    assert bare.conv1.weight.grad.abs().max() > 0


def test_the_rectified_shortcut_is_the_published_artificial_network_alone() -> None:
    images = torch.randn(4, 3, 8, 8)
    numbers: dict[str, dict[str, float]] = {"lif": {"threshold": LOW}, "relu": {}}
    pairs = {
        neuron: [
            resnet(14, base_width=4, neuron=neuron, shortcut=shortcut, **low).eval()(images)
            for shortcut in ("identity", "rectified")
        ]
        for neuron, low in numbers.items()
    }
    assert torch.equal(*pairs["lif"])
    assert not torch.equal(pairs["lif"][0][0], pairs["lif"][0][1])
    assert not torch.equal(*pairs["relu"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"depth": 21}, r"network depth: must be 6n\+2 – nearest are 20 and 26 \(got 21\)"),
        ({"depth": 2}, "depth: must be greater than or equal to 8"),
        ({"depth": 20, "width": 0}, "width"),
        ({"depth": 20, "time_steps": 0}, "time_steps"),
        ({"depth": 20, "stages_without_shortcut": "half"}, "stages_without_shortcut"),
        ({"depth": 20, "stages_without_shortcut": (4,)}, "stages_without_shortcut"),
        ({"depth": 20, "shortcut": "long"}, "shortcut"),
        ({"depth": 20, "neuron": "lfi"}, "did you mean 'lif'"),
        ({"depth": 20, "surrogate": "dpsike"}, "did you mean 'dspike'"),
    ],
)
def test_networks_that_do_not_exist_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(HarnessError, match=message):
        resnet(**arguments)


@pytest.mark.parametrize("shape", [(2, 3, 10, 10), (2, 3, 8, 6), (2, 3, 0, 8), (3, 8, 8)])
def test_images_that_do_not_halve_twice_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(HarnessError, match="network input"):
        resnet(8, base_width=1)(torch.randn(shape))
