"""Spikes at other time steps: rates are kept to the spike, every order is equally likely."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from torch import Tensor

from harness.engine.networks import Network, record, resnet, small
from harness.engine.networks.shuffle import shuffled, shuffled_in_time
from harness.engine.norm import TdBatchNorm
from harness.engine.randomness import stream
from harness.errors import HarnessError

FIRST = "s1.b0.relu1"
NEURONS = (*(f"s{stage}.b0.relu{place}" for stage in (1, 2, 3) for place in (1, 2)), "relu")
BATCH = torch.randn(5, 3, 8, 8, generator=torch.Generator().manual_seed(1))


def snn(steps: int = 4, **numbers: float) -> Network:
    network = resnet(8, base_width=4, time_steps=steps, **numbers).eval()
    with torch.no_grad():
        for layer in network.modules():
            if isinstance(layer, TdBatchNorm):
                layer.bias.fill_(0.3)
                layer.weight.fill_(2.0)
    return network


def outputs(network: Network) -> dict[str, Tensor]:
    return dict(record(network, BATCH))


def test_each_neuron_keeps_its_spikes_of_each_image() -> None:
    spikes = (torch.rand(7, 50, 30, generator=stream(0, "test")) < 0.4).float()
    found = shuffled(spikes, stream(0, "shuffle"))
    assert torch.equal(found.sum(0), spikes.sum(0))
    assert set(found.unique().tolist()) == {0.0, 1.0}
    assert not torch.equal(found, spikes)


def test_every_order_is_equally_likely_and_each_train_has_its_own() -> None:
    columns = 60_000
    steps = torch.arange(3.0)[:, None].expand(3, columns)
    found = shuffled(steps, stream(0, "shuffle"))
    often = Counter(tuple(column) for column in found.T.tolist())
    assert len(often) == 6
    spread = (columns * (1 / 6) * (5 / 6)) ** 0.5
    assert all(abs(count - columns / 6) < 4.5 * spread for count in often.values())


def test_the_next_layer_sees_them_and_the_first_rates_are_kept() -> None:
    network = snn()
    plain = outputs(network)
    with shuffled_in_time(network, NEURONS, 0):
        found = outputs(network)
    for name in ("conv1", "bn1"):  # before any spike
        assert torch.equal(found[name], plain[name])
    assert torch.equal(found[FIRST].sum(0), plain[FIRST].sum(0))
    assert not torch.equal(found[FIRST], plain[FIRST])
    conv = network.get_submodule("s1.b0.conv1")
    torch.testing.assert_close(
        found["s1.b0.conv1"], conv(found[FIRST].flatten(0, 1)).view(found["s1.b0.conv1"].shape)
    )
    for name in NEURONS[1:]:  # of what each layer was fed
        assert not torch.equal(found[name].sum(0), plain[name].sum(0)), name


def test_every_layer_keeps_the_rates_of_what_it_was_fed() -> None:
    network, fired = snn(), {}
    hooks = [
        network.get_submodule(name).register_forward_hook(
            lambda layer, inputs, output, name=name: fired.update({name: output.clone()})
        )
        for name in NEURONS  # before the shuffling hears of them
    ]
    with shuffled_in_time(network, NEURONS, 0):
        handed_on = outputs(network)
    for hook in hooks:
        hook.remove()
    for name, spikes in fired.items():
        counts = spikes.view(handed_on[name].shape).sum(0)
        assert torch.equal(handed_on[name].sum(0), counts), name
    assert set(fired) == set(NEURONS)


def test_spikes_at_every_step_or_none_have_one_order() -> None:
    """IF neurons whose constant currents are 0 or at their threshold fire always or never."""
    network = small(base_width=4, neuron="if", time_steps=4, fires_at_threshold=True).eval()
    first = next(name for name in network.layer_names() if name.startswith("relu"))
    of_0_and_1 = network.get_submodule("bn1").register_forward_hook(
        lambda layer, inputs, output: (output > 0).float()
    )
    plain = outputs(network)
    with shuffled_in_time(network, (first,), 0):
        found = outputs(network)
    of_0_and_1.remove()
    assert 0 < float(plain[first].mean()) < 1
    assert all(torch.equal(found[name], plain[name]) for name in plain)


def test_it_ends_with_its_context_and_is_that_of_its_seed() -> None:
    network = snn()
    plain, again, other = outputs(network), [], []
    for found, seed in ((again, 0), (again, 0), (other, 1)):
        with shuffled_in_time(network, NEURONS, seed):
            found.append(outputs(network)["relu"])
    assert torch.equal(again[0], again[1]) and not torch.equal(again[0], other[0])
    assert all(torch.equal(one, plain[name]) for name, one in outputs(network).items())


def test_an_unknown_layer_is_refused() -> None:
    with (
        pytest.raises(HarnessError, match="network layer"),
        shuffled_in_time(snn(), ("nowhere",), 0),
    ):
        pass
