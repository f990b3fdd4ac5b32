"""A norm's vector is taken from its convolution's only where both hold the same."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from harness.engine.cka import MinibatchCKA, cka_heatmap
from harness.engine.cka import calls as layer_calls
from harness.engine.networks import Network, record, resnet
from harness.engine.networks.outline import Part
from harness.engine.norm import TdBatchNorm

IMAGES = 2 * torch.randn(6, 3, 16, 16, generator=torch.Generator().manual_seed(0)) + 1


def trained(neuron: str) -> Network:
    """Batch norms with statistics, weights and biases of their own, one weight negative, one 0."""
    network = resnet(8, base_width=4, neuron=neuron, time_steps=4).train()
    draw = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for layer in network.modules():
            if isinstance(layer, TdBatchNorm):
                layer.weight.copy_(2 * torch.rand(len(layer.weight), generator=draw) + 1)
                layer.weight[:2] = torch.tensor([-2.0, 0.0])
                layer.bias.copy_(torch.rand(len(layer.weight), generator=draw))
        network(IMAGES)
    return network.eval()


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many channels each shared pair of Gram matrices had."""
    calls: list[int] = []
    real = layer_calls.upper_gram_and_scaled

    def counted(steps: tuple[Tensor, ...], scale_C: Tensor, *, within: bool) -> Any:
        calls.append(len(scale_C))
        return real(steps, scale_C, within=within)

    monkeypatch.setattr(layer_calls, "upper_gram_and_scaled", counted)
    return calls


def alone(network: Network) -> Tensor:
    """The map from the features themselves, each multiplied on its own, in float64."""
    found = record(network, IMAGES)
    both = MinibatchCKA([name for name, _ in found])
    both.update([feature.transpose(0, 1).flatten(1).double() for _, feature in found])
    return both.compute()


@pytest.mark.parametrize(("neuron", "channels"), [("lif", [4, 4, 4, 8, 8, 8]), ("relu", [4, 4, 4])])
def test_shared_gram_matrices_give_the_same_map(
    neuron: str, channels: list[int], shared: list[int]
) -> None:
    network = trained(neuron)
    found = cka_heatmap(network, network, [IMAGES, IMAGES])
    assert shared == 2 * channels
    torch.testing.assert_close(found.values, alone(network), rtol=0, atol=1e-6, equal_nan=True)


def test_in_training_mode_statistics_are_the_batch_s_own_so_nothing_is_shared(
    shared: list[int],
) -> None:
    network = trained("relu").train()
    found = cka_heatmap(network, network, [IMAGES])
    assert shared == []
    torch.testing.assert_close(found.values, alone(network), rtol=0, atol=1e-6)


def test_inference_mode_gives_the_same_map() -> None:
    network = trained("relu")
    with torch.inference_mode():
        found = cka_heatmap(network, network, [IMAGES])
    torch.testing.assert_close(found.values, alone(network), rtol=0, atol=1e-6, equal_nan=True)


class Between(Network):
    """What the order of the layers says is not what happens: something comes between the two."""

    time_steps = 1

    def __init__(self, between: nn.Module) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        nn.init.normal_(self.conv.weight, generator=torch.Generator().manual_seed(0))
        self.norm = nn.BatchNorm2d(3)
        self.between = between

    def forward(self, images: Tensor) -> Tensor:
        normalised: Tensor = self.norm(self.between(self.conv(images)))
        return normalised.mean((2, 3))

    def layer_names(self) -> tuple[str, ...]:
        return ("conv", "norm")

    def outline(self) -> tuple[Part, ...]:
        return ()


@pytest.mark.parametrize("inplace", [True, False])
def test_a_wrong_guess_is_noticed_even_in_place(inplace: bool, shared: list[int]) -> None:
    network = Between(nn.ReLU(inplace)).eval()
    found = cka_heatmap(network, network, [IMAGES])
    assert shared == [3]
    with torch.no_grad():
        conv = network.conv(IMAGES)
        both = MinibatchCKA(["conv", "norm"])
        both.update([conv, network.norm(conv.relu())])
    torch.testing.assert_close(found.values, both.compute(), rtol=0, atol=1e-6)
    assert found.values[0, 1] < 0.99


def test_a_norm_alone_is_multiplied_itself(shared: list[int]) -> None:
    network = trained("relu")
    found = cka_heatmap(network, network, [IMAGES], ["bn1", "s1.b0.bn1"])
    places = [network.layer_names().index(name) for name in found.names_y]
    assert shared == []
    expected = alone(network)[places][:, places]
    torch.testing.assert_close(found.values, expected, rtol=0, atol=1e-6)
