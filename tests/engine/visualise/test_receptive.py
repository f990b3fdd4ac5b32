"""Receptive fields: from the numbers of the layers, and from gradients."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from harness.engine.networks import alexnet, hooked, resnet, small, vgg
from harness.engine.visualise import Box, Target, receptive_field, within
from harness.errors import HarnessError
from tests.engine.visualise.cases import positive, seen_by_gradient

BUILDERS: dict[str, Any] = {
    "resnet": lambda neuron: resnet(14, base_width=2, neuron=neuron, time_steps=2),
    "vgg": lambda neuron: vgg(13, base_width=2, neuron=neuron, time_steps=2),
    "small": lambda neuron: small(3, base_width=2, neuron=neuron, time_steps=2),
}
CASES = [
    ("resnet", "conv1", (0, 5)),
    ("resnet", "s1.b0", (9, 15)),
    ("resnet", "s2.b0.conv1", (3, 3)),
    ("resnet", "s2.b0.ds.0", (3, 3)),
    ("resnet", "s2.b0.ds.2", (3, 3)),
    ("resnet", "s2.b0", (3, 7)),
    ("resnet", "s2.b1.bn1", (0, 0)),
    ("resnet", "s3.b0.relu1", (4, 4)),
    ("vgg", "features.6", (4, 2)),
    ("vgg", "features.13", (1, 1)),
    ("small", "bn2", (2, 7)),
    ("small", "pool2", (1, 2)),
]


@pytest.mark.parametrize(("build", "layer", "position"), CASES)
def test_it_is_what_has_a_gradient(build: str, layer: str, position: tuple[int, int]) -> None:
    network = positive(BUILDERS[build]("relu"))
    target = Target(layer, 0, position)
    box = receptive_field(network, target, 16, 16)
    images = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0)) + 0.1
    assert torch.equal(seen_by_gradient(network, target, images), box.mask(16, 16))


@pytest.mark.parametrize("build", list(BUILDERS))
def test_spiking_neurons_see_no_more(build: str) -> None:
    network, layer = BUILDERS[build]("lif"), {"resnet": "s2.b0"}.get(build, "bn2")
    layer = "features.4" if build == "vgg" else layer
    target = Target(layer, 0, (3, 3))
    images = torch.randn(4, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    seen = seen_by_gradient(network, target, images)
    assert seen.any()
    assert not (seen & ~receptive_field(network, target, 16, 16).mask(16, 16)).any()


@pytest.mark.parametrize(
    ("layer", "position", "wanted"),
    [
        # by hand: 11 pixels at stride 4 from −2; 3 of those at stride 2; …
        ("features.0", (0, 0), Box(0, 0, 9, 9)),
        ("features.0", (10, 20), Box(38, 78, 49, 89)),
        ("features.2", (5, 5), Box(38, 38, 57, 57)),
        ("features.3", (5, 5), Box(22, 22, 73, 73)),
        ("features.6", (5, 5), Box(46, 46, 145, 145)),  # the lab's conv3: 99 pixels
    ],
)
def test_alexnets_are_those_by_hand(layer: str, position: tuple[int, int], wanted: Box) -> None:
    assert receptive_field(alexnet(classes=10), Target(layer, 20, position), 224, 224) == wanted


def test_strides_may_leave_the_last_pixels_unseen() -> None:
    network = alexnet(classes=10)  # 66 pixels: outputs 0 … 14 of conv1 end at pixel 64
    assert receptive_field(network, Target("features.0", 0, (14, 14)), 66, 66).bottom == 65
    # padding at the edge sees nothing either, so a later layer does not see those pixels again
    assert receptive_field(network, Target("features.3", 0, (6, 6)), 66, 66).bottom == 65


def test_targets_without_position_or_behind_a_global_pool_see_all() -> None:
    network = BUILDERS["resnet"]("relu")
    for target in (Target("conv1"), Target("conv1", 1), Target("pool", 0, (0, 0))):
        assert receptive_field(network, target, 16, 16) == Box(0, 0, 16, 16)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (Target("s9.b0", 0, (0, 0)), r"no layer 's9\.b0'"),
        (Target("s2.b0", 0, (8, 0)), "must be 0 … 7"),
        (Target("s2.b0", 0, (-1, 0)), "must be 0 … 7"),
    ],
)
def test_a_neuron_that_is_not_there_is_refused(target: Target, said: str) -> None:
    with pytest.raises(HarnessError, match=said):
        receptive_field(BUILDERS["resnet"]("relu"), target, 16, 16)


@pytest.mark.parametrize(
    ("build", "layer"), [("small", "conv1"), ("small", "bn2"), ("vgg", "features.4")]
)
def test_places_inside_are_those_that_no_padding_changes(build: str, layer: str) -> None:
    """Were the padding of another value than 0, they alone would give the same."""
    network, images = positive(BUILDERS[build]("relu")), torch.rand(2, 3, 32, 32) + 0.1
    places = within(network, layer, 32, 32)
    before = _heard(network, layer, images)
    for one in network.modules():
        if isinstance(one, torch.nn.Conv2d):
            one.padding_mode = "circular"
            one._reversed_padding_repeated_twice = [
                side for side in one.padding[::-1] for _ in "ab"
            ]  # type: ignore[misc]
    same = (_heard(network, layer, images) == before).all(0).all(0)
    wanted = torch.zeros_like(same)
    wanted[places] = True
    assert torch.equal(same, wanted)
    assert wanted.any()
    assert not wanted.all()


def _heard(network: Any, layer: str, images: torch.Tensor) -> torch.Tensor:
    found: list[torch.Tensor] = []
    with torch.no_grad(), hooked(network, [layer], lambda _, feature: found.append(feature)):
        network(images)
    return found[0].mean(0)


def test_alexnets_first_convolution_has_53_of_55_places_inside() -> None:
    """By hand: 11 pixels at stride 4 from −2: places 1 … 53 see pixels 2 … 220 of 224."""
    network = alexnet(head="linear")
    assert within(network, "features.0", 224, 224) == (slice(1, 54), slice(1, 54))
    with pytest.raises(HarnessError, match="every place of it sees the padding"):
        within(network, "features.10", 64, 64)
    with pytest.raises(HarnessError, match="has no places"):
        within(network, "classifier", 64, 64)
