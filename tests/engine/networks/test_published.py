"""Weights of the published code in our networks: the same logits.

The oracle is a network with the published layout and names, batch first and time second, written
here with torch's own layers and a loop over time. Its ReLU works in place, as theirs does.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from harness.engine.networks import from_published, resnet
from harness.errors import HarnessError

T = 3


class Wrapped(nn.Module):
    """A layer on [B, T, …]; its parameters are called `module.…`."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.module = layer

    def forward(self, values: Tensor) -> Tensor:
        return self.module(values.flatten(0, 1)).unflatten(0, values.shape[:2])


class Norm(nn.Module):
    """A batch norm that is registered twice."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bn = nn.BatchNorm2d(channels)
        self.seqbn = Wrapped(self.bn)

    def forward(self, values: Tensor) -> Tensor:
        return self.seqbn(values)


class Pool(nn.Module):
    def __init__(self, pool: nn.Module) -> None:
        super().__init__()
        self.layer = Wrapped(pool)

    def forward(self, values: Tensor) -> Tensor:
        return self.layer(values)


def spike(current: Tensor) -> Tensor:
    potential, spikes = torch.zeros_like(current[:, 0]), []
    for step in range(current.shape[1]):
        potential = potential * 0.5 + current[:, step]
        fired = (potential >= 1.0).to(potential.dtype)
        potential = (1 - fired) * potential
        spikes.append(fired)
    return torch.stack(spikes, dim=1)


class Block(nn.Module):
    def __init__(self, before: int, channels: int, stride: int, kind: Kind) -> None:
        super().__init__()
        self.activate = kind.activate
        self.conv1 = kind.wrap(nn.Conv2d(before, channels, 3, stride, 1, bias=False))
        self.bn1 = kind.norm(channels)
        self.conv2 = kind.wrap(nn.Conv2d(channels, channels, 3, 1, 1, bias=False))
        self.bn2 = kind.norm(channels)
        if stride != 1:
            self.downsample = nn.Sequential(
                kind.pool(nn.AvgPool2d(stride)),
                kind.wrap(nn.Conv2d(before, channels, 1, bias=False)),
                kind.norm(channels),
            )

    def forward(self, values: Tensor) -> Tensor:
        out = self.activate(values)
        shortcut = self.downsample(out) if hasattr(self, "downsample") else values
        return self.bn2(self.conv2(self.activate(self.bn1(self.conv1(out))))) + shortcut


class Kind:
    """What the spiking and the artificial network are made of."""

    def __init__(self, spiking: bool) -> None:
        self.wrap: Callable[[nn.Module], nn.Module] = Wrapped if spiking else nn.Sequential
        self.norm: Callable[[int], nn.Module] = Norm if spiking else nn.BatchNorm2d
        self.pool: Callable[[nn.Module], nn.Module] = Pool if spiking else (lambda pool: pool)
        self.activate: Callable[[Tensor], Tensor] = spike if spiking else torch.relu_
        if not spiking:
            self.wrap = lambda layer: layer


class Published(nn.Module):
    def __init__(self, spiking: bool) -> None:
        super().__init__()
        kind = Kind(spiking)
        self.spiking = spiking
        self.activate = kind.activate
        self.conv1 = kind.wrap(nn.Conv2d(3, 4, 3, 1, 1, bias=False))
        self.bn = kind.norm(4)
        for stage, (before, channels) in enumerate([(4, 4), (4, 8), (8, 16)], 1):
            first = Block(before, channels, 1 if stage == 1 else 2, kind)
            self.add_module(
                f"layer{stage}", nn.Sequential(first, Block(channels, channels, 1, kind))
            )
        self.fc1 = kind.wrap(nn.Linear(16, 5))

    def forward(self, images: Tensor) -> Tensor:
        values = images.unsqueeze(1).repeat(1, T, 1, 1, 1) if self.spiking else images
        values = self.bn(self.conv1(values))
        for stage in (1, 2, 3):
            values = self.get_submodule(f"layer{stage}")(values)
        logits: Tensor = self.fc1(self.activate(values).mean((-2, -1)))
        return logits.mean(1) if self.spiking else logits


def trained(spiking: bool) -> Published:
    """With running statistics that are no longer those of the start."""
    torch.manual_seed(0)
    network = Published(spiking).double().train()
    for _ in range(3):
        network(torch.randn(8, 3, 8, 8, dtype=torch.float64) * 2)
    return network.eval()


@pytest.mark.parametrize("prefix", ["", "module."], ids=["plain", "saved by DataParallel"])
@pytest.mark.parametrize("neuron", ["lif", "relu"])
def test_the_logits_are_the_same(neuron: str, prefix: str) -> None:
    theirs = trained(neuron == "lif")
    state = {f"{prefix}{name}": tensor for name, tensor in theirs.state_dict().items()}
    ours = from_published(state, time_steps=T)
    images = torch.randn(6, 3, 8, 8, dtype=torch.float64)
    torch.testing.assert_close(ours(images), theirs(images), rtol=1e-12, atol=1e-12)


def test_an_identity_shortcut_would_be_another_network() -> None:
    theirs = trained(spiking=False)
    ours = from_published(theirs.state_dict())
    other = resnet(14, base_width=4, classes=5, neuron="relu", shortcut="identity").double().eval()
    with pytest.raises(RuntimeError, match=r"s1\.b0 was trained with shortcut='rectified'"):
        other.load_state_dict(ours.state_dict())
    other.load_state_dict(dict(ours.state_dict()))  # numbers alone know nothing of it
    images = torch.randn(6, 3, 8, 8, dtype=torch.float64)
    assert (other(images) - theirs(images)).abs().max() > 0.01


def test_a_network_of_the_same_kind_takes_what_a_state_dict_says(tmp_path: Path) -> None:
    ours = from_published(trained(spiking=False).state_dict())
    torch.save(ours.state_dict(), tmp_path / "saved.pt")
    state = torch.load(tmp_path / "saved.pt", weights_only=True)
    how = {"base_width": 4, "classes": 5}
    resnet(14, neuron="relu", shortcut="rectified", **how).load_state_dict(state)
    resnet(14, neuron="lif", **how).load_state_dict(state)  # an SNN that starts from an ANN
    with pytest.raises(RuntimeError, match="shortcut='rectified'"):
        resnet(14, neuron="relu", **how).load_state_dict(state)


def test_an_identity_that_is_not_worked_on_in_place_is_another_network() -> None:
    """The oracle itself: out of place it has other logits, so it does test the shortcut."""
    theirs, images = trained(spiking=False), torch.randn(6, 3, 8, 8, dtype=torch.float64)
    logits = theirs(images)
    for layer in theirs.modules():
        if hasattr(layer, "activate"):
            layer.activate = torch.relu
    assert (theirs(images) - logits).abs().max() > 0.01


def test_a_spiking_network_has_as_many_steps_as_are_said() -> None:
    state = trained(spiking=True).state_dict()
    with pytest.raises(HarnessError, match=r"do not say its time steps.*time_steps=4"):
        from_published(state)
    assert from_published(state, time_steps=2).time_steps == 2


def test_weights_of_no_such_network_are_refused() -> None:
    state = trained(spiking=False).state_dict()
    lacking = {name: tensor for name, tensor in state.items() if name != "layer2.1.conv2.weight"}
    with pytest.raises(HarnessError, match=r"s2\.b1\.conv2\.weight"):
        from_published(lacking)
    with pytest.raises(HarnessError, match=r"no 'fc\.weight'"):
        from_published({name: one for name, one in state.items() if not name.startswith("fc1")})
    with pytest.raises(HarnessError, match="named by `stages_without_shortcut`"):
        from_published(state, stages_without_shortcut=(1, 2, 3))  # but the weights hold shortcuts
    with pytest.raises(HarnessError, match="'state_dict' is a OrderedDict"):
        from_published({"state_dict": state})  # type: ignore[dict-item]
    with pytest.raises(HarnessError, match=r"'conv1\.weight' is int64"):
        from_published({**state, "conv1.weight": torch.ones(4, 3, 3, 3).long()})
    with pytest.raises(HarnessError, match="got ResNet"):
        from_published(resnet(8, base_width=2))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("layer4.0.conv1.module.weight", "layer4.0.conv1.module.weight"),
        ("classifier.weight", "classifier.weight"),
        ("layer1.0.conv1.module.weight_g", "weight_g"),
    ],
)
def test_a_name_that_they_do_not_have_is_refused(name: str, said: str) -> None:
    with pytest.raises(HarnessError, match=said):
        from_published({name: torch.zeros(1)})


def test_two_copies_of_a_batch_norm_must_agree() -> None:
    state = trained(spiking=True).state_dict()
    state["bn.bn.weight"] = state["bn.bn.weight"] + 1
    with pytest.raises(HarnessError, match="other copy"):
        from_published(state)
