"""Every layer of every network is told where it stands; groups are those of the figures."""

from __future__ import annotations

from collections import Counter

import pytest
from torch import nn

from harness.engine.networks import Network, resnet, vgg
from harness.engine.networks.neurons import Lif, Relu
from harness.errors import HarnessError
from harness.runs.layers import chosen, described


def spiking(depth: int = 20) -> Network:
    return resnet(depth, base_width=2, neuron="lif")


def test_a_residual_network_has_stages_blocks_and_positions() -> None:
    network = spiking()
    rows = described(network, network.layer_names())
    assert len(rows) == 73
    assert Counter(row["stage"] for row in rows) == {"": 3, "s1": 21, "s2": 24, "s3": 25}
    positions = Counter(row["position"] for row in rows)
    assert positions.pop("") == 10  # conv1, bn1, two shortcuts of three layers, relu, pool
    assert set(positions.values()) == {9}
    assert set(positions) == {"act1", "conv1", "bn1", "act2", "conv2", "bn2", "output"}
    at = {row["name"]: row for row in rows}
    assert at["s2.b0.ds.1"] == {
        "name": "s2.b0.ds.1",
        "stage": "s2",
        "block": "s2.b0",
        "position": "",
    }
    assert at["s3.b2"]["position"] == "output"
    assert at["s3.b2"]["block"] == "s3.b2"


def test_a_vgg_has_stages_and_no_blocks() -> None:
    network = vgg(13, base_width=2, neuron="lif")
    rows = described(network, network.layer_names())
    assert {row["block"] for row in rows} == {row["position"] for row in rows} == {""}
    assert Counter(row["stage"] for row in rows) == {"s1": 6, "s2": 6, "s3": 6, "s4": 12, "": 4}


@pytest.mark.parametrize(
    ("words", "count", "first", "last"),
    [
        (("blocks",), 9, "s1.b0", "s3.b2"),  # Fig. 6
        (("convolutions", "fc"), 22, "conv1", "fc"),  # Fig. A.12, above
        (("activations",), 18, "s1.b0.relu1", "s3.b2.relu2"),  # Fig. A.12, below
        (("pool", "conv1"), 2, "conv1", "pool"),
    ],
)
def test_groups_are_the_panels_of_the_figures(
    words: tuple[str, ...], count: int, first: str, last: str
) -> None:
    names = chosen(spiking(), words, Lif)
    assert len(names) == count == len(set(names))
    assert (names[0], names[-1]) == (first, last)


def test_the_convolutions_of_vgg_13_are_those_of_the_figure() -> None:
    names = chosen(vgg(13, base_width=2, neuron="lif"), ("convolutions",), Lif)
    assert [int(name.removeprefix("features.")) for name in names] == [
        0, 3, 7, 10, 14, 17, 21, 24, 27, 30,
    ]  # fmt: skip


def test_activations_are_the_layers_of_whatever_neuron_the_network_has() -> None:
    network = resnet(8, base_width=2, neuron="relu")
    for name in [name for name, layer in network.named_modules() if isinstance(layer, Relu)]:
        network.set_submodule(name, nn.Hardtanh())  # as a neuron of one's own makes it
    names = chosen(network, ("activations",), nn.Hardtanh)
    assert names == tuple(f"s{stage}.b0.relu{place}" for stage in (1, 2, 3) for place in (1, 2))


def test_a_layer_that_is_not_there_is_named_when_it_is_looked_at() -> None:
    import torch

    from harness.engine.cka import time_cka

    network = spiking()
    names = chosen(network, ("s1.b9",), Lif)
    with pytest.raises(HarnessError, match=r"s1\.b9"):
        time_cka(network, [torch.zeros(4, 3, 8, 8)], names)
