"""Whole networks: the layers that are paired, the features that are theirs, one value per layer."""

from __future__ import annotations

import weakref
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from harness.engine.cka import cka, cka_heatmap, clean_against_attacked, gram_matrices, time_cka
from harness.engine.networks import Network, record, resnet, small
from harness.engine.networks.outline import Part
from harness.engine.norm import TdBatchNorm
from harness.errors import HarnessError
from tests.engine.cka import oracle

ERROR = 1e-6


def images(seed: int, count: int = 8) -> Tensor:
    return 2 * torch.randn(count, 3, 8, 8, generator=torch.Generator().manual_seed(seed))


def ann(seed: int = 0) -> Network:
    return resnet(8, base_width=2, neuron="relu", seed=seed, shortcut="rectified").eval()


def snn(seed: int = 0) -> Network:
    """Currents are raised a little, so that each layer tells each image apart."""
    network = resnet(8, base_width=2, time_steps=3, seed=seed).eval()
    with torch.no_grad():
        for layer in network.modules():
            if isinstance(layer, TdBatchNorm):
                layer.bias.fill_(0.3)
                layer.weight.fill_(3.0)
    return network


def concatenated(network: Network, batch: Tensor) -> list[Tensor]:
    """Features [M, T·…] of each layer, by another way than the engine's."""
    return [feature.transpose(0, 1).flatten(1) for _, feature in record(network, batch)]


def test_a_heatmap_is_minibatch_cka_of_all_time_steps_concatenated() -> None:
    first, second, batches = ann(), snn(1), [images(0), images(1)]
    found = cka_heatmap(first, second, batches)
    a = [concatenated(first, batch) for batch in batches]
    b = [concatenated(second, batch) for batch in batches]
    np.testing.assert_allclose(found.values, oracle.cka(a, b), rtol=0, atol=ERROR)
    assert found.names_y == first.layer_names() and found.names_x == second.layer_names()
    assert (found.images, found.minibatches, found.estimator) == (16, 2, "unbiased")
    assert not found.reasons


def test_channels_last_gives_the_same_map() -> None:
    first, second, batch = ann(), small(base_width=2, neuron="relu").eval(), images(0)
    expected = cka_heatmap(first, second, [batch])
    for network in (first, second):
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    found = cka_heatmap(first, second, [batch.contiguous(memory_format=torch.channels_last)])
    torch.testing.assert_close(found.values, expected.values, rtol=0, atol=1e-5)


def test_one_network_twice_is_self_cka_and_runs_once() -> None:
    network, runs = snn(), []
    network.register_forward_hook(lambda *call: runs.append(1))
    found = cka_heatmap(network, network, [images(0)])
    assert len(runs) == 1
    assert torch.equal(found.values.nan_to_num(), found.values.nan_to_num().T)
    other = cka_heatmap(network, snn(), [images(0)])  # the same weights, but two networks
    torch.testing.assert_close(found.values, other.values, rtol=0, atol=ERROR, equal_nan=True)


def test_layers_may_be_chosen_for_each_network() -> None:
    first, second = ann(), small(base_width=2, neuron="relu").eval()
    found = cka_heatmap(first, second, [images(0)], ["pool", "conv1"], layers_x=["bn2"])
    assert (found.names_y, found.names_x) == (("conv1", "pool"), ("bn2",))
    whole = cka_heatmap(first, second, [images(0)])
    places = [whole.names_y.index("conv1"), whole.names_y.index("pool")]
    expected = whole.values[places][:, [whole.names_x.index("bn2")]]
    torch.testing.assert_close(found.values, expected, rtol=0, atol=1e-7)


def test_networks_may_see_different_inputs_of_the_same_images() -> None:
    first, second = ann(), snn()
    frames = torch.stack([images(i) for i in range(5)])
    found = cka_heatmap(first, second, [(frames.mean(0), frames)], ["bn1"])
    ((_, a),) = record(first, frames.mean(0), ["bn1"])
    ((_, b),) = record(second, frames, ["bn1"])
    expected = oracle.cka([[a[0]]], [[b.transpose(0, 1).flatten(1)]])
    np.testing.assert_allclose(found.values, expected, rtol=0, atol=ERROR)


def test_time_cka_compares_the_steps_of_a_layer() -> None:
    network, batches = snn(), [images(0), images(1)]
    found = time_cka(network, batches, ["s1.b0", "s2.b0", "fc"])
    assert list(found) == ["s1.b0", "s2.b0", "fc"]
    for name, result in found.items():
        steps = [record(network, batch, [name])[0][1] for batch in batches]
        expected = oracle.cka([list(step) for step in steps], [list(step) for step in steps])
        np.testing.assert_allclose(result.values, expected, rtol=0, atol=ERROR, err_msg=name)
        assert result.names_y == result.names_x == ("1", "2", "3")


def test_the_first_convolution_sees_the_same_at_each_step() -> None:
    found = time_cka(snn(), [images(0)], ["conv1"])["conv1"]
    torch.testing.assert_close(found.values, torch.ones(3, 3, dtype=torch.float64))


@pytest.mark.parametrize("memory_limit", [2**30, 12 * 4 * 28])
def test_clean_against_attacked_pairs_each_layer_with_itself(memory_limit: int) -> None:
    network = ann()
    pairs = [(images(i), images(i) + 0.5 * images(i + 10)) for i in range(2)]
    found = clean_against_attacked(network, pairs, memory_limit=memory_limit)
    clean = [concatenated(network, pair[0]) for pair in pairs]
    attacked = [concatenated(network, pair[1]) for pair in pairs]
    expected = oracle.cka(clean, attacked).diagonal()
    np.testing.assert_allclose(found.values, expected, rtol=0, atol=ERROR)
    assert found.names == network.layer_names() and not found.reasons
    assert (found.images, found.minibatches) == (16, 2)


def test_an_attack_of_nothing_changes_nothing() -> None:
    found = clean_against_attacked(ann(), [(images(0), images(0))])
    torch.testing.assert_close(found.values, torch.ones_like(found.values))


def test_a_silent_layer_says_so_in_maps_and_curves() -> None:
    network = snn()
    with torch.no_grad():
        network.get_submodule("bn1").weight.fill_(0.0)  # type: ignore[operator, union-attr]
        network.get_submodule("bn1").bias.fill_(0.0)  # type: ignore[operator, union-attr]
    (place,) = [i for i, name in enumerate(network.layer_names()) if name == "s1.b0.relu1"]
    found = clean_against_attacked(network, [(images(0), images(1))])
    assert found.values[place].isnan() and "'s1.b0.relu1' is silent" in found.reasons[place]
    whole = cka_heatmap(network, network, [images(0)])
    assert whole.values[place].isnan().all() and whole.values[:, place].isnan().all()
    assert "'s1.b0.relu1' is silent" in whole.reasons[place, 0]


class Twice(Network):
    """One batch norm that is called twice, and an in-place ReLU behind it."""

    time_steps = 1

    def __init__(self) -> None:
        super().__init__()
        draw = torch.Generator().manual_seed(0)
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        nn.init.normal_(self.conv.weight, generator=draw)
        self.norm = nn.InstanceNorm2d(3)
        self.act = nn.ReLU(inplace=True)

    def forward(self, images: Tensor) -> Tensor:
        return self.act(self.norm(self.act(self.norm(self.conv(images))) ** 2)).mean((2, 3))  # type: ignore[no-any-return]

    def layer_names(self) -> tuple[str, ...]:
        return ("conv", "norm", "act")

    def outline(self) -> tuple[Part, ...]:
        return ()


def test_a_layer_called_twice_gives_two_features_and_none_is_overwritten() -> None:
    network, batch = Twice(), images(0)
    found = cka_heatmap(network, network, [batch])
    assert found.names_y == ("conv", "norm", "act", "norm#2", "act#2")
    with torch.no_grad():
        conv = network.conv(batch)
        norm = network.norm(conv)
        act = norm.relu()
        again = network.norm(act**2)
        features = [conv, norm, act, again, again.relu()]
    expected = oracle.cka([features], [features])
    np.testing.assert_allclose(found.values, expected, rtol=0, atol=ERROR)
    assert (1 - expected[1, 2]) > 0.01  # in place, they would be one and the same


def test_gram_matrices_are_products_of_all_time_steps() -> None:
    network, batch = snn(), images(0)
    found = gram_matrices(network, batch, ["s1.b0.relu1", "bn1"])
    for name, feature in record(network, batch, ["s1.b0.relu1", "bn1"]):
        expected = oracle.gram(feature.transpose(0, 1).flatten(1))
        np.testing.assert_allclose(found[name], expected, rtol=1e-12, atol=1e-9)


def test_features_are_freed_before_the_next_come() -> None:
    """Beyond the packed Gram matrices nothing of a layer stays: no reference to its features."""
    network = ann()
    alive: list[weakref.ref[Tensor]] = []
    network.get_submodule("s1.b0.conv1").register_forward_hook(
        lambda layer, inputs, output: alive.append(weakref.ref(output))
    )
    checked = []
    network.get_submodule("s2.b0").register_forward_hook(lambda *call: checked.append(alive[0]()))
    cka_heatmap(network, network, [images(0)])
    assert checked == [None]


def test_maps_do_not_depend_on_an_iterator_that_can_be_read_once() -> None:
    def batches() -> Iterator[Tensor]:
        yield images(0)
        yield images(1)

    once = cka_heatmap(ann(), ann(1), batches(), ["bn1"])
    listed = cka_heatmap(ann(), ann(1), list(batches()), ["bn1"])
    assert torch.equal(once.values, listed.values)


def test_tf32_and_its_like_are_off_inside_and_back_afterwards() -> None:
    matmul, network, inside = torch.backends.cuda.matmul, ann(), []
    before = matmul.fp32_precision
    network.register_forward_hook(lambda *call: inside.append(matmul.fp32_precision))
    try:
        matmul.fp32_precision = "tf32"
        cka_heatmap(network, network, [images(0)], ["bn1"])
        assert (inside, matmul.fp32_precision) == (["ieee"], "tf32")
    finally:
        matmul.fp32_precision = before


def test_wrong_layers_and_batches_are_refused() -> None:
    network = ann()
    with pytest.raises(HarnessError, match="did you mean 'bn1'"):
        cka_heatmap(network, network, [images(0)], ["bn1x"])
    with pytest.raises(HarnessError, match="no layer to compare"):
        cka_heatmap(network, network, [images(0)], [])
    with pytest.raises(HarnessError, match=r"at least 4 images \(got 3"):
        cka_heatmap(network, network, [images(0, 3)])
    with pytest.raises(HarnessError, match="not one minibatch"):
        cka_heatmap(network, network, [])
    with pytest.raises(HarnessError, match="not one minibatch"):
        time_cka(network, [])
    with pytest.raises(HarnessError, match="not one minibatch"):
        clean_against_attacked(network, [])
    with pytest.raises(HarnessError, match="8 images beside 7"):
        clean_against_attacked(network, [(images(0), images(1, 7))])
    with pytest.raises(HarnessError, match="two different inputs"):
        cka_heatmap(network, network, [(images(0), images(1))])


def test_single_layers_agree_with_the_heatmap() -> None:
    network, batch = ann(), images(0)
    (_, a), (_, b) = record(network, batch, ["bn1", "s3.b0"])
    found = cka_heatmap(network, network, [batch], ["bn1", "s3.b0"])
    assert cka(a[0], b[0]) == pytest.approx(float(found.values[0, 1]), abs=1e-7)
