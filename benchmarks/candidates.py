"""Every way to run the training step of one and the same spiking network.

Legend: T = time steps, B = batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from benchmarks import peers
from harness.engine.networks import resnet
from harness.engine.networks.neurons import Lif
from harness.engine.training.numerics import autocast
from harness.engine.training.recompute import recomputed_blocks

PLAIN = "plain loop"
ANN = "ANN, folded batch"


@dataclass(frozen=True)
class Size:
    """What a case is about."""

    batch: int = 64
    side: int = 32  # pixels
    time_steps: int = 4
    depth: int = 20
    width: int = 1
    base_width: int = 16
    device: str = "cpu"

    def __str__(self) -> str:
        """As a table says it; the base width only where it is not the paper's."""
        channels = "" if self.base_width == 16 else f" base width {self.base_width}"
        return (
            f"ResNet-{self.depth} x{self.width}{channels}, T = {self.time_steps}, "
            f"batch {self.batch}, {self.side}x{self.side}, {self.device}"
        )


@dataclass(frozen=True)
class Candidate:
    """A network, and how it is run."""

    make: Callable[[Size], nn.Module]
    same_numbers: bool = True  # float32 arithmetic of the same network: the losses must agree
    precision: str = "f32"
    channels_last: bool = False
    recomputed: bool = False


def candidates(device: str) -> Mapping[str, Candidate]:
    """All of them; peers that are not installed are left out."""
    found = {PLAIN: Candidate(ours("reference")), "published idiom": Candidate(_Published)}
    for name, layer in peers.layers(device).items():
        found[name] = Candidate(lambda size, layer=layer: _with(layer, size))  # type: ignore[misc]
    fused = ours("triton" if device == "cuda" else "numba")
    found["one autograd node"] = Candidate(ours("torch"))
    found["fused"] = Candidate(fused)
    found["fused, recomputed blocks"] = Candidate(fused, recomputed=True)
    # torch's NHWC batch norm rounds otherwise, which flips spikes: other numbers, as good ones
    found["fused, channels_last"] = Candidate(fused, channels_last=True)
    found["fused, channels_last, bf16"] = Candidate(
        fused, same_numbers=False, precision="bf16", channels_last=True
    )
    found[ANN] = Candidate(_ann, same_numbers=False)
    found[f"{ANN}, channels_last"] = Candidate(_ann, same_numbers=False, channels_last=True)
    return found


class Step:
    """One candidate's training step on random images, repeatable: the learning rate is 0."""

    def __init__(self, candidate: Candidate, size: Size) -> None:
        draw = torch.Generator().manual_seed(0)
        images = torch.randn(size.batch, 3, size.side, size.side, generator=draw)
        labels = torch.randint(0, 10, (size.batch,), generator=draw)
        layout = torch.channels_last if candidate.channels_last else torch.contiguous_format
        self.device = torch.device(size.device)
        self.candidate = candidate
        network = candidate.make(size).to(self.device).train()
        self.network = network.to(memory_format=layout)  # type: ignore[call-overload]
        self.images = images.to(self.device).contiguous(memory_format=layout)
        self.labels = labels.to(self.device)
        self.optimiser = torch.optim.SGD(self.network.parameters(), lr=0.0)

    def loss(self) -> Tensor:
        """Forward pass."""
        with autocast(self.candidate.precision, self.device):
            logits = self.network(self.images)
        return cross_entropy(logits.float(), self.labels)

    def __call__(self) -> None:
        """Forward, backward, update."""
        with recomputed_blocks(self.network, self.candidate.recomputed):
            self.optimiser.zero_grad()
            self.loss().backward()  # type: ignore[no-untyped-call]
            self.optimiser.step()


def ours(backend: str) -> Callable[[Size], nn.Module]:
    """The engine's network on one of its backends; fires at the threshold, as published."""

    def make(size: Size) -> nn.Module:
        return resnet(
            size.depth,
            width=size.width,
            base_width=size.base_width,
            time_steps=size.time_steps,
            fires_at_threshold=True,
            backend=backend,
        )

    return make


def _with(layer: peers.Layer, size: Size) -> nn.Module:
    """The same network and weights with a peer's neurons."""
    network = ours("reference")(size)
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, Lif):
                setattr(module, name, layer())
    return network


class _Published(nn.Module):
    """The published code's order of dimensions: time second, [B, T, C, H, W] folded to [B·T, …]."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.steps = size.time_steps
        self.network = _with(peers.PublishedLif, size)

    def forward(self, images: Tensor) -> Tensor:
        network, steps = self.network, self.steps
        folded = images.unsqueeze(1).repeat(1, steps, 1, 1, 1).flatten(0, 1)
        folded = network.bn1(network.conv1(folded))  # type: ignore[operator]
        for block in network.blocks():  # type: ignore[operator]
            folded = block(folded, steps)
        folded = network.pool(network.relu(folded, steps)).flatten(1)  # type: ignore[operator]
        logits: Tensor = network.fc(folded)  # type: ignore[operator]
        return logits.unflatten(0, (-1, steps)).mean(1)


def _ann(size: Size) -> nn.Module:
    """The same convolutions on T times the images: what a spiking step costs without neurons."""
    network = resnet(size.depth, width=size.width, base_width=size.base_width, neuron="relu")
    return _Folded(network, size.time_steps)


class _Folded(nn.Module):
    def __init__(self, network: nn.Module, steps: int) -> None:
        super().__init__()
        self.network, self.steps = network, steps

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.network(images.repeat(self.steps, 1, 1, 1))
        return logits.unflatten(0, (self.steps, -1)).mean(0)
