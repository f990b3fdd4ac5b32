"""torchvision's AlexNet, wrapped; nothing is downloaded."""

from __future__ import annotations

import sys
from typing import Any

import pytest
import torch

from harness.engine.networks import AlexNet, alexnet, record, summarise
from harness.errors import HarnessError


@pytest.fixture(scope="module")
def network() -> AlexNet:
    return alexnet(classes=10, seed=2).eval()


def test_the_numbers_are_those_of_torchvision(network: AlexNet) -> None:
    models = pytest.importorskip("torchvision.models")
    original = models.alexnet(num_classes=10)
    original.load_state_dict(network.state_dict())
    images = torch.randn(2, 3, 63, 70)
    assert torch.equal(network(images), original.eval()(images))


def test_its_size_is_the_one_that_torchvision_states() -> None:
    models = pytest.importorskip("torchvision.models")
    stated = models.AlexNet_Weights.IMAGENET1K_V1.meta
    with torch.device("meta"):
        layers = models.alexnet()
    summary = summarise(AlexNet(layers.to_empty(device="cpu")), (3, 224, 224))
    assert summary.parameters == stated["num_params"]
    assert summary.macs / 1e9 == pytest.approx(stated["_ops"], abs=5e-4)


def test_no_layer_works_in_place(network: AlexNet) -> None:
    features = dict(record(network, torch.randn(2, 3, 63, 63)))
    assert (features["features.0"] < 0).any()
    assert len(features) == 14
    assert features["features.0"].shape[:2] == (1, 2)


def test_frames_are_averaged(network: AlexNet) -> None:
    frames = torch.randn(3, 2, 3, 63, 63)
    expected = torch.stack([network(frame) for frame in frames]).mean(0)
    torch.testing.assert_close(network(frames), expected)


def test_weights_belong_to_the_seed_and_no_global_generator_is_touched() -> None:
    before = torch.random.get_rng_state()
    one, other = (alexnet(classes=2, seed=seed).features[0].weight for seed in (0, 1))
    assert not torch.equal(one, other)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_small_images_are_refused(network: AlexNet) -> None:
    with pytest.raises(HarnessError, match="at least 63 pixels"):
        network(torch.randn(2, 3, 32, 32))


def test_without_torchvision_the_pair_to_install_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    monkeypatch.setattr(torch, "__version__", "2.11.0+cpu")
    with pytest.raises(HarnessError, match=r"torch 2\.11 goes with torchvision 0\.26"):
        alexnet()


@pytest.mark.parametrize("wrong", [{"classes": 10}, {"in_channels": 1}])
def test_published_weights_are_for_imagenet(wrong: dict[str, int]) -> None:
    with pytest.raises(HarnessError, match="1000 classes of RGB"):
        alexnet(weights="imagenet", **wrong)


def test_weights_that_cannot_be_had_are_a_fault_with_a_way_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    api = pytest.importorskip("torchvision.models._api")

    def unreachable(*arguments: Any, **options: Any) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(api, "load_state_dict_from_url", unreachable)
    with pytest.raises(HarnessError, match="no route to host – weights = 'none'"):
        alexnet(weights="imagenet")
