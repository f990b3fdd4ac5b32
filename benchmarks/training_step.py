"""A whole training step of a ResNet-20, spiking by each backend, against the plain loop."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.nn.functional import cross_entropy

from benchmarks.ratio import Row, interleaved
from harness.engine.networks import resnet

BATCH, SIDE = 32, 32
PEER = "SNN, plain loop"


def rows(rounds: int) -> list[Row]:
    """Full width, CIFAR-sized images, T = 4; the ANN for scale."""
    draw = torch.Generator().manual_seed(0)
    images = torch.randn(BATCH, 3, SIDE, SIDE, generator=draw)
    labels = torch.randint(0, 10, (BATCH,), generator=draw)
    networks = {
        PEER: resnet(20, backend="reference", fires_at_threshold=True),
        "SNN, one autograd node": resnet(20, backend="torch", fires_at_threshold=True),
        "SNN, fused (numba)": resnet(20, backend="numba", fires_at_threshold=True),
        "ANN": resnet(20, neuron="relu"),
    }
    works = {name: _work(network, images, labels) for name, network in networks.items()}
    case = f"training step, ResNet-20, T = 4, batch {BATCH}, {SIDE}x{SIDE}"
    return interleaved(case, works, peer=PEER, rounds=rounds)


def _work(
    network: torch.nn.Module, images: torch.Tensor, labels: torch.Tensor
) -> Callable[[], object]:
    steps = torch.optim.SGD(network.parameters(), lr=0.0)

    def work() -> object:
        steps.zero_grad()
        cross_entropy(network(images), labels).backward()
        return steps.step()

    return work
