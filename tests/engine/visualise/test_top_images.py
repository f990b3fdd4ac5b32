"""The images that activate a target most."""

from __future__ import annotations

import pytest
import torch

from harness.engine.networks import record, small
from harness.engine.visualise import Target, image_activations, top_images
from harness.errors import HarnessError
from tests.engine.training.cases import images
from tests.engine.visualise.cases import NORMAL

PIXELS = images(test=300).test_images
TARGETS = [Target("relu2"), Target("relu2", 3), Target("relu2", 3, (1, 2))]


@pytest.mark.parametrize("neuron", ["relu", "lif"])
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.kind)
def test_they_are_the_k_largest_with_their_mean(neuron: str, target: Target) -> None:
    network = small(2, base_width=4, neuron=neuron, time_steps=3)
    found = top_images(network.train(), PIXELS, NORMAL, target, k=20)
    assert network.training
    ((_, feature),) = record(network.eval(), NORMAL(PIXELS), ["relu2"])
    activations = target.activation(feature).double()
    wanted = activations.sort(descending=True, stable=True)
    torch.testing.assert_close(found.activations_K, wanted.values[:20], rtol=1e-5, atol=1e-6)
    if neuron == "lif":  # spike counts are exact, so places can be compared
        assert torch.equal(found.indices_K, wanted.indices[:20])
        assert found.ties == int((wanted.values[20:] == wanted.values[19]).sum())
    chosen = PIXELS[found.indices_K]
    assert torch.equal(found.images_KCHW, chosen)
    torch.testing.assert_close(found.mean_CHW, (chosen.double() / 255).mean(0))


def test_ties_go_to_the_earlier_image() -> None:
    network = small(2, base_width=4)
    twice = torch.cat([PIXELS[:10], PIXELS[:10]])
    found = top_images(network, twice, NORMAL, Target("relu1"), k=20)
    order = found.indices_K.tolist()
    assert all(order.index(place) < order.index(place + 10) for place in range(10))


def test_activations_come_in_the_order_of_the_images() -> None:
    network = small(2, base_width=4)
    whole = image_activations(network, PIXELS, NORMAL, Target("bn2", 0))
    alone = image_activations(network, PIXELS[290:], NORMAL, Target("bn2", 0))
    torch.testing.assert_close(whole[290:], alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("k", [0, 301])
def test_more_images_than_there_are_are_refused(k: int) -> None:
    with pytest.raises(HarnessError, match=r"must be 1 … 300"):
        top_images(small(2, base_width=4), PIXELS, NORMAL, Target("relu2"), k=k)


def test_nan_has_no_rank() -> None:
    network = small(2, base_width=4)
    with torch.no_grad():
        network.get_parameter("bn2.bias").fill_(float("nan"))
    with pytest.raises(HarnessError, match="300 images is NaN"):
        top_images(network, PIXELS, NORMAL, Target("bn2", 0), k=3)
