"""Networks from elsewhere: their features in every order of time, as their layers gave them."""

from __future__ import annotations

from typing import Any, get_args

import pytest
import torch
from torch import Tensor, nn

from harness.engine.attacks import pgd
from harness.engine.cka import (
    cka_heatmap,
    clean_against_attacked,
    gram_matrices,
    time_cka,
)
from harness.engine.networks import given, record, resnet, summarise
from harness.engine.networks.given import Time
from harness.engine.training import Normalisation, accuracy
from harness.errors import HarnessError

ORDERED = ["time first", "batch first", "folded", "step by step"]
SIZES = [(4, 8), (8, 4), (4, 4), (3, 5), (1, 4)]  # T a multiple of B, and all the other ways


def images(count: int, seed: int = 0) -> Tensor:
    return torch.randn(count, 3, 8, 8, generator=torch.Generator().manual_seed(seed))


class Summed(nn.Module):
    """Adds up over time what it is shown, in the order of time that it is built for."""

    def __init__(self, time: str, steps: int) -> None:
        super().__init__()
        self.time, self.steps = time, steps
        self.sum: Tensor | None = None

    def reset(self) -> None:
        self.sum = None

    def forward(self, seen: Tensor) -> Tensor:
        if self.time == "step by step":
            self.sum = seen if self.sum is None else self.sum + seen
            return self.sum
        if self.time == "folded":
            return seen.unflatten(0, (self.steps, -1)).cumsum(0).flatten(0, 1)
        return seen.cumsum(0 if self.time == "time first" else 1)


def summing(time: str, steps: int) -> nn.Module:
    """Two layers of its own and a mean over pixels."""
    return nn.Sequential(Summed(time, steps), nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten(-3))


def expected(frames: Tensor) -> dict[str, Tensor]:
    total, found = torch.zeros_like(frames[0]), []
    for frame in frames:
        total = total + frame
        found.append(total)
    summed = torch.stack(found)
    pooled = summed.tanh().mean((-2, -1))
    return {"0": summed, "1": summed.tanh(), "2": pooled[..., None, None], "3": pooled}


@pytest.mark.parametrize("time", ORDERED)
@pytest.mark.parametrize(("steps", "count"), SIZES)
@pytest.mark.parametrize("as_frames", [False, True])
def test_features_are_those_of_the_steps_one_by_one(
    time: Time, steps: int, count: int, as_frames: bool
) -> None:
    frames = images(count).expand(steps, count, 3, 8, 8)
    if as_frames:
        frames = torch.stack([images(count, seed) for seed in range(steps)])
    said = {} if as_frames else {"time_steps": steps}  # frames bring their own number
    network = given(summing(time, steps), time=time, **said)
    for _ in range(2):  # nothing is left of what was shown before
        found = dict(record(network, frames if as_frames else frames[0]))
        for name, features in expected(frames).items():
            torch.testing.assert_close(found[name], features, msg=name)
        logits = network(frames if as_frames else frames[0])
        torch.testing.assert_close(logits, expected(frames)["3"].mean(0))


@pytest.mark.parametrize("inside", ["time first", "batch first", "folded"])
@pytest.mark.parametrize("said", ["none", "time first", "batch first", "folded"])
def test_what_contradicts_the_order_is_refused(inside: str, said: Time) -> None:
    steps, count = 2, 4
    network = given(Fixed(inside, steps), time=said, time_steps=steps if said != "none" else None)
    if (inside, said) == ("batch first", "none"):  # [B, T, …] may well be features without time
        assert record(network, images(count))[0][1].shape == (1, count, steps, 3)
        return
    if said == inside:
        assert record(network, images(count))[0][1].shape == (steps, count, 3)
        return
    with pytest.raises(HarnessError, match=rf"layer layer: expected.*{said}.*got") as caught:
        record(network, images(count))
    assert f"{inside!r}" in str(caught.value) or said == "none"


class Fixed(nn.Module):
    """A layer that gives features in one order whatever it is shown."""

    def __init__(self, time: str, steps: int) -> None:
        super().__init__()
        self.layer, self.time, self.steps = nn.Identity(), time, steps

    def forward(self, seen: Tensor) -> Tensor:
        sizes = {"time first": (2, 4, 3), "batch first": (4, 2, 3), "folded": (8, 3)}
        found: Tensor = self.layer(torch.zeros(sizes[self.time]))
        return found


@pytest.mark.parametrize("neuron", ["lif", "relu"])
def test_a_network_of_ours_given_is_the_same_network(neuron: str) -> None:
    ours = resnet(8, base_width=2, neuron=neuron, time_steps=3, shortcut="rectified").eval()
    time: dict[str, Any] = {"time": "folded", "time_steps": 3, "encoding": "own"}
    how = time if neuron == "lif" else {}
    other = given(ours, layers=ours.layer_names(), **how)
    shown = images(8)
    assert torch.equal(other(shown), ours(shown))
    a, b = cka_heatmap(ours, ours, [shown]), cka_heatmap(other, other, [shown])
    assert a.names_y == b.names_y and torch.equal(a.values.nan_to_num(), b.values.nan_to_num())
    assert (a.reasons, a.images) == (b.reasons, b.images)
    if neuron == "lif":
        steps = [time_cka(one, [shown], ["s1.b0"])["s1.b0"].values for one in (ours, other)]
        assert torch.equal(*steps)
    pixels, labels = (64 * images(8)).clamp(0, 255).byte(), torch.arange(8)
    scale = Normalisation((0.5,) * 3, (0.25,) * 3)
    attacked = [
        pgd(one, scale(pixels), labels, normalisation=scale, epsilon=0.1, step=0.05, iterations=2)
        for one in (ours, other)
    ]
    assert torch.equal(*attacked)
    rates = [accuracy(one, pixels, labels, scale) for one in (ours, other)]
    assert rates[0] == rates[1]


class InPlace(nn.Module):
    """As torchvision's residual networks: a ReLU and a sum that write into what came before."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.bn = nn.BatchNorm2d(3)
        self.relu = nn.ReLU(inplace=True)
        self.last = nn.BatchNorm2d(3)

    def forward(self, seen: Tensor) -> Tensor:
        out = self.relu(self.bn(self.conv(seen)))
        after = self.last(out)
        after += out
        return self.relu(after)


def test_features_are_what_the_layer_gave_though_a_later_one_writes_into_them() -> None:
    module = InPlace().eval()
    with torch.no_grad():
        conv = module.conv(images(4))
        bn = module.bn(conv)
        relu = bn.clamp(min=0)
        last = module.last(relu)
    wanted = [conv, bn, relu, last, (last + relu).clamp(min=0)]
    found = record(given(module), images(4))
    assert [name for name, _ in found] == ["conv", "bn", "relu", "last", "relu#2"]
    for (name, features), one in zip(found, wanted, strict=True):
        assert torch.equal(features[0], one), name
    assert float(dict(found)["bn"].min()) < 0


def test_torchvision_s_networks_keep_their_names_and_their_negative_numbers() -> None:
    models = pytest.importorskip("torchvision.models")
    network = given(models.resnet18(num_classes=5).eval())
    ((_, features),) = record(network, torch.randn(2, 3, 32, 32), ["bn1"])
    assert float(features.min()) < 0
    assert network(torch.randn(2, 3, 32, 32)).shape == (2, 5)
    found = cka_heatmap(network, network, [torch.randn(4, 3, 32, 32)])
    assert {"conv1", "bn1", "layer1.0.relu", "layer1.0.relu#2", "fc"} <= set(found.names_y)


def test_spikingjelly_s_networks_in_both_of_their_modes() -> None:
    jelly = pytest.importorskip("spikingjelly.activation_based", reason="spikingjelly is missing")
    from spikingjelly.activation_based import functional, layer, neuron

    assert jelly
    layers = [layer.Conv2d(3, 4, 3), layer.BatchNorm2d(4), neuron.LIFNode(v_threshold=0.1)]
    module = nn.Sequential(*layers, layer.AdaptiveAvgPool2d(1), layer.Flatten()).eval()
    by_step = given(module, time="step by step", time_steps=4)
    functional.set_step_mode(module, "s")
    single = dict(record(by_step, images(8)))
    functional.set_step_mode(module, "m")
    whole = given(module, time="time first", time_steps=4)
    assert whole.layer_names() == ("0", "1", "2", "3", "4")  # a neuron's surrogate is no layer
    for name, features in record(whole, images(8)):  # T = 4 divides B = 8
        torch.testing.assert_close(features, single[name], msg=name)
    rate = single["2"].mean((1, 2, 3, 4))
    assert float(rate.min()) > 0 and len(rate.unique()) > 1  # it spikes, and not alike at each step


class Once(nn.Module):
    """Runs its steps itself, one layer before them."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.cell = nn.Identity(), nn.Tanh()

    def forward(self, seen: Tensor) -> Tensor:
        seen = self.stem(seen)
        steps = [self.cell(seen * step) for step in (1, 2, 3)]
        return torch.stack(steps).mean((0, -1, -2))


def test_a_network_that_runs_its_steps_itself() -> None:
    how: dict[str, Any] = {"time": "step by step", "time_steps": 3, "encoding": "own"}
    network = given(Once(), layers=["cell"], **how)
    ((name, features),) = record(network, images(4))
    assert name == "cell"
    torch.testing.assert_close(features[2], (3 * images(4)).tanh())
    assert network(images(4)).shape == (4, 3)
    with pytest.raises(HarnessError, match="calls: stem 1, cell 3"):
        record(given(Once(), **how), images(4))


def test_two_calls_a_step_are_two_features() -> None:
    tanh = nn.Tanh()
    module = nn.Sequential(tanh, nn.Flatten(), tanh)
    network = given(module, time="step by step", time_steps=2)
    found = record(network, images(4))
    assert [name for name, _ in found] == ["0", "1", "0#2"]
    assert found[2][1].shape == (2, 4, 192)
    ((name, _),) = record(network, images(4), ["0#2"])
    assert name == "0#2"


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"time": "first"}, "given time: unknown name 'first'"),
        ({"time": "folded", "time_steps": 0}, "time_steps: must be at least 1"),
        ({"time_steps": 4}, "4 time steps, but `time` is 'none'"),
        ({"layers": ["conv2"]}, "unknown name 'conv2'.*did you mean 'conv'"),
        ({"encoding": "rate"}, "given encoding: unknown name 'rate'"),
    ],
)
def test_what_is_said_wrongly_is_refused(how: dict[str, Any], said: str) -> None:
    with pytest.raises(HarnessError, match=said):
        given(InPlace(), **how)


def test_time_that_nobody_said_is_refused() -> None:
    network = given(nn.Sequential(nn.Tanh()), time="time first")
    with pytest.raises(HarnessError, match=r"time_steps=4"):
        network(images(4))
    with pytest.raises(HarnessError, match="3 frames for a network without time"):
        given(nn.Sequential(nn.Tanh()))(torch.zeros(3, 4, 3, 8, 8))
    with pytest.raises(HarnessError, match=r"given\(module\)"):
        cka_heatmap(InPlace(), InPlace(), [images(4)])  # type: ignore[arg-type]


def test_the_module_itself_stays_as_it_was() -> None:
    module = InPlace().train()
    network = given(module).eval()
    network(images(4))
    assert module.training and not module.bn.training
    assert network.state_dict().keys() == module.state_dict().keys()
    network.double()
    assert module.conv.weight.dtype == torch.float64
    found = summarise(network, (3, 8, 8))
    assert [(row.name, row.channels) for row in found.stages[:2]] == [("conv", 3), ("bn", 0)]
    assert found.parameters == sum(one.numel() for one in module.parameters())


def test_it_is_compared_in_evaluation_mode_and_its_modes_stay() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5), nn.Tanh())
    module[3].eval()  # a mode of its own
    before = {name: one.clone() for name, one in module.state_dict().items()}
    network, shown = given(module), images(8)

    def found() -> list[Tensor]:
        recorded = [features for _, features in record(network, shown)]
        maps = (cka_heatmap(network, network, [shown]), time_cka(network, [shown], ["1"])["1"])
        curve = clean_against_attacked(network, [(shown, images(8, 1))])
        grams = gram_matrices(network, shown)
        return [*recorded, *(one.values for one in (*maps, curve)), *grams.values()]

    unset = found()
    assert [one.training for one in module] == [True, True, True, False] and module.training
    for name, one in module.state_dict().items():
        assert torch.equal(one, before[name]), name
    module.eval()
    for one, other in zip(unset, found(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0, equal_nan=True)
    assert not any(one.training for one in module)


def test_every_order_is_tried_here() -> None:
    assert set(get_args(Time)) == {"none", *ORDERED}
