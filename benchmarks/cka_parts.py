"""Where a CKA map's time goes, how exact it is, and what memory it takes.

Legend: T = time steps, M = images of the minibatch, L = layers, P = numbers of a packed Gram
matrix.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from benchmarks import cka_peers
from benchmarks.cka import FEW, OURS, PUBLISHED, Case, fields, map_of, pair
from benchmarks.memory import peak_of
from harness.engine.cka import cka_heatmap
from harness.engine.cka.calls import LayerCalls, Neighbours
from harness.engine.cka.hsic import HsicVector, hsic_vector, packed_size
from harness.engine.cka.stream import cross_hsic
from harness.engine.networks import Network, record
from harness.engine.training.numerics import full_precision
from harness.runs.card import EXTENTS, ceilings


@dataclass(frozen=True)
class Parts:
    """One minibatch, in seconds."""

    case: str
    layers: int
    forward: float
    grams: float  # with centring and packing
    pairs: float
    pairs_share: float  # of the three
    plain_grams: float  # X·Xᵀ of each layer [M, T·D] in float32
    plain_grams_at_peak: float  # the same number of operations at the GEMM rate measured beside


@torch.no_grad()
def parts(case: Case, *, plain: bool = True) -> Parts:
    """One minibatch, part by part; without `plain` the plain Gram matrices are only counted."""
    ann, snn, images = pair(case)
    peak = ceilings("cpu", EXTENTS["cpu"], 9)["GEMM f32, GFLOP/s"] * 1e9
    with full_precision():
        forward = sum(_seconds(lambda net=net: net(images)) for net in (ann, snn))  # type: ignore[misc]
        a, b = (_Timed(net, images, plain) for net in (ann, snn))
        paired = _seconds(lambda: cross_hsic(a.vectors, b.vectors))
    grams = a.grams + b.grams
    return Parts(
        case=str(case),
        layers=len(a.vectors),
        forward=forward,
        grams=grams,
        pairs=paired,
        pairs_share=paired / (forward + grams + paired),
        plain_grams=a.plain + b.plain,
        plain_grams_at_peak=(a.operations + b.operations) / peak,
    )


class _Timed:
    """One forward pass whose layers are multiplied by the engine and then plainly, one right after
    the other, so that whatever disturbs the machine disturbs both.
    """

    def __init__(self, network: Network, images: Tensor, plain: bool) -> None:
        self.vectors: list[HsicVector] = []
        self.grams = self.plain = self.operations = 0.0
        neighbours = Neighbours(network, None, "unbiased")

        def take(name: str, features_TM: Tensor) -> None:
            self.operations += 2.0 * features_TM.shape[1] * features_TM.numel()
            started = time.perf_counter()
            self.vectors.append(neighbours.vector(name, features_TM))
            self.grams += time.perf_counter() - started
            if plain:
                matrix = features_TM.transpose(0, 1).flatten(1)
                self.plain += _seconds(lambda: matrix @ matrix.T)

        with neighbours.watching():
            LayerCalls(network, None).visit(images, take)


def errors(case: Case) -> dict[str, float]:
    """Largest difference from the map of the same features in float64, at few images; and of two
    layers whose features have 1000 times their deviation as mean.
    """
    ann, snn, images = pair(replace(case, images=FEW))
    exact = _cka([_in_float64(net, images) for net in (ann, snn)])
    maps = {
        OURS: cka_heatmap(ann, snn, [images]).values,
        PUBLISHED: cka_peers.published(ann, snn, images),
    }
    found = {name: float((v - exact).abs().nan_to_num().max()) for name, v in maps.items()}
    draw = torch.Generator().manual_seed(0)
    first, second = torch.randn(2, FEW, 4096, generator=draw)
    shifted = [first + 1000, first + second + 1000]
    ours = _cka([[hsic_vector([x], "unbiased")] for x in shifted])
    true = _cka([[hsic_vector([x.double() - 1000], "unbiased")] for x in shifted])
    found[f"{OURS}, mean/std = 1000"] = float((ours - true).abs())
    return found


def pairs_by_layers(images: int) -> dict[int, float]:
    """Layers of each network → seconds of the pairwise part, on vectors of their size: ResNet-20,
    -110, -164.
    """
    size = packed_size(images, "unbiased")
    found = {}
    for layers in (73, 388, 577):
        stack = torch.randn(layers, size, generator=torch.Generator().manual_seed(0))
        stack /= size**0.5
        vectors = [HsicVector(row, 1.0) for row in stack]
        found[layers] = _seconds(lambda v=vectors: cross_hsic(v, v))  # type: ignore[misc]
        del stack, vectors
    return found


def peak_mb(case: Case, minibatches: int) -> float | None:
    """Peak memory of a map in a process of its own, MB above the networks and images."""
    return peak_of(map_of, fields(case), minibatches)


def _in_float64(network: Network, images: Tensor) -> list[HsicVector]:
    found = record(network, images)
    return [hsic_vector(feature.double().unbind(0), "unbiased") for _, feature in found]


def _cka(sides: list[list[HsicVector]]) -> Tensor:
    norms_a, norms_b = (
        torch.tensor([vector.norm for vector in side], dtype=torch.float64) for side in sides
    )
    return cross_hsic(*sides) / torch.outer(norms_a, norms_b)


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
