"""torchvision's AlexNet, wrapped; nothing is downloaded."""

from __future__ import annotations

import sys
from typing import Any

import pytest
import torch

from harness.engine.networks import AlexNet, alexnet, record, summarise
from harness.engine.networks.alexnet import means_of_cells
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


def test_a_linear_head_leaves_the_convolutions_as_they_are(network: AlexNet) -> None:
    light = alexnet(head="linear", classes=10, seed=2).eval()
    images = torch.randn(2, 3, 64, 64)
    assert torch.equal(light.features(images), network.features(images))
    assert light(images).shape == (2, 10)
    assert sum(one.numel() for one in light.parameters()) < 2.6e6
    assert summarise(light, (3, 64, 64)).stages[-1].cell == "10-d fully connected layer"


def test_enlarged_images_are_each_pixel_again() -> None:
    plain, enlarging = (alexnet(head="linear", classes=3, enlarge=k).eval() for k in (1, 2))
    images = torch.randn(2, 3, 32, 32)
    large = images.repeat_interleave(2, 2).repeat_interleave(2, 3)
    assert torch.equal(enlarging(images), plain(large))


def test_a_quiet_start_is_the_same_function_with_smaller_kernels() -> None:
    loud, quiet = (alexnet(head="linear", classes=3, initial_scale=k).eval() for k in (1.0, 0.25))
    images = torch.randn(2, 3, 64, 64)
    torch.testing.assert_close(quiet(images), loud(images), rtol=1e-4, atol=1e-6)
    assert torch.equal(quiet.features[0].weight, loud.features[0].weight / 4)
    assert torch.equal(quiet.features[3].weight, loud.features[3].weight / 4)


def test_convolutions_are_taken_and_the_rest_stays() -> None:
    one, other = (alexnet(head="linear", classes=3, seed=seed) for seed in (0, 1))
    head = one.classifier[0].weight.clone()
    state = {n: w for n, w in other.state_dict().items() if n.startswith("features.")}
    one.load_convolutions(state)
    assert all(torch.equal(one.state_dict()[name], wanted) for name, wanted in state.items())
    assert torch.equal(one.classifier[0].weight, head)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"features.0.weight": torch.zeros(96, 3, 11, 11)}, r"\[96, 3, 11, 11\], not \[64, 3"),
        ({"features.0.bias": None}, r"do not fit: features\.0\.bias"),
        ({"features.99.weight": torch.zeros(1)}, r"features\.99\.weight"),
    ],
)
def test_other_convolutions_are_refused(change: dict[str, Any], said: str) -> None:
    network = alexnet(head="linear", classes=3)
    state = {n: w for n, w in network.state_dict().items() if n.startswith("features.")} | change
    with pytest.raises(HarnessError, match=said):
        network.load_convolutions({name: one for name, one in state.items() if one is not None})


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"head": "deep"}, "'published' or 'linear'"),
        ({"initial_scale": 0.0}, "above 0"),
        ({"enlarge": 0}, "network enlarge"),
    ],
)
def test_bad_values_are_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(HarnessError, match=said):
        alexnet(classes=2, **wrong)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (6, 6), (12, 18), (7, 13), (3, 5)])
def test_the_pool_of_gpus_is_torchs_with_its_gradient(height: int, width: int) -> None:
    drawn = torch.randn(2, 3, height, width, generator=torch.Generator().manual_seed(0))
    found, expected = (drawn.clone().requires_grad_() for _ in range(2))
    weight = torch.randn(2, 3, 6, 6, generator=torch.Generator().manual_seed(1))
    ours = means_of_cells(found, 6, 6)
    theirs = torch.nn.functional.adaptive_avg_pool2d(expected, 6)
    torch.testing.assert_close(ours, theirs)
    if (height, width) in ((1, 1), (6, 6)):
        assert torch.equal(ours, theirs)
    (ours * weight).sum().backward()
    (theirs * weight).sum().backward()
    torch.testing.assert_close(found.grad, expected.grad)
