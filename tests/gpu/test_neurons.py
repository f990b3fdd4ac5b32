"""Networks on a GPU: the CPU's spikes, bit for bit, where no number is rounded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from harness.engine.networks import Network, record, resnet, vgg
from harness.engine.norm import TdBatchNorm

NETWORKS: dict[str, Callable[..., Network]] = {
    "resnet": lambda **how: resnet(14, base_width=8, **how),
    "vgg": lambda **how: vgg(13, base_width=4, **how),
}


def of_small_integers(network: Network) -> Network:
    """Weights of -1, 0 and 1, and norms that change nothing: a potential is a sum of few bits."""
    draw = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d):
                layer.weight.copy_(torch.randint(-1, 2, layer.weight.shape, generator=draw))
            elif isinstance(layer, TdBatchNorm):
                layer.eps = 0.5  # an older torch refuses 0
                layer.running_var.fill_(0.5)
    return network.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]


@pytest.mark.parametrize("neuron", [{}, {"reset": "soft"}, {"neuron": "plif", "decay": 0.5}])
@pytest.mark.parametrize("name", NETWORKS)
def test_spikes_of_every_layer_are_the_cpus(
    name: str, neuron: dict[str, Any], card: torch.device
) -> None:
    network = of_small_integers(NETWORKS[name](time_steps=4, threshold=2.0, **neuron))
    draw = torch.Generator().manual_seed(1)
    images = torch.randint(-2, 3, (8, 3, 16, 16), generator=draw).float()
    expected = record(network, images)
    found = record(network.to(card), images.to(card))
    spiking = 0
    for (layer, on_card), (_, on_cpu) in zip(found, expected, strict=True):
        assert torch.equal(on_card.cpu(), on_cpu), layer
        spiking += int(on_cpu.unique().tolist() == [0.0, 1.0])
    assert spiking > 4
