"""The lab's network."""

from __future__ import annotations

import pytest
import torch

from harness.engine.networks import small
from harness.errors import HarnessError
from harness.parts.neurons import Lif


def test_its_layers_are_called_by_what_they_are() -> None:
    assert small().layer_names() == (
        *("conv1", "bn1", "relu1", "pool1", "conv2", "bn2", "relu2", "pool2"),
        *("conv3", "bn3", "relu3", "pool"),
    )


def test_channels_double_from_stage_to_stage() -> None:
    rows = [row.cell for row in small(2, base_width=8, width=3).outline()]
    assert rows == [
        "(3x3,24)x1",
        "Average pooling, s2",
        "(3x3,48)x1",
        "Global average pooling",
        "10-d fully connected layer",
    ]


@pytest.mark.parametrize("neuron", ["lif", "relu"])
def test_images_and_frames(neuron: str) -> None:
    network = small(base_width=4, neuron=neuron, time_steps=2).eval()
    images = torch.randn(3, 3, 8, 8) * 3
    torch.testing.assert_close(network(images), network(torch.stack([images] * 2)))


def test_a_neuron_may_be_given_whole() -> None:
    images = torch.randn(3, 3, 8, 8) * 3
    whole = small(base_width=4, neuron=Lif(threshold=0.5))
    assert torch.equal(whole(images), small(base_width=4, threshold=0.5)(images))
    with pytest.raises(HarnessError, match="decay came beside it"):
        small(neuron=Lif(), decay=0.5)


@pytest.mark.parametrize("wrong", [{"stages": 0}, {"base_width": 0}, {"time_steps": 0}])
def test_networks_that_do_not_exist_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(HarnessError, match=r"at least 1|greater than or equal to 1"):
        small(**wrong)
