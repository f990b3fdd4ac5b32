"""CKA maps of an artificial and a spiking ResNet: the engine, the published idiom, torch_cka.

Before anything is timed, each map is held against the printed formula in float64 on 32 images. The
engine's must agree; those of the others, whose float32 sums cancel, are timed all the same and
their rows say by how much they are off. torch_cka is run at 256 images only; its cost at M is put
at (M/256)² of that, which is what its Gram matrices grow by, and too little for its products of
Gram matrices, which grow by the third power.

Legend: M = images of the minibatch, L = layers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from unittest import mock

import torch
from torch import Tensor

from benchmarks import cka_peers
from benchmarks.ratio import Row, interleaved
from harness.engine.cka import cka_heatmap, stream
from harness.engine.networks import Network, resnet
from harness.engine.norm import TdBatchNorm
from harness.measures.cka import CONTROLS

PUBLISHED, TORCH_CKA, OURS = "published idiom", "torch_cka", "engine"
FEW = 256  # images at which everything can be run
_AGREE = 1e-6


@dataclass(frozen=True)
class Case:
    """A pair of networks and a minibatch."""

    images: int = 1024
    depth: int = 20
    side: int = 32
    time_steps: int = 4
    base_width: int = 16

    def __str__(self) -> str:
        return (
            f"CKA, ResNet-{self.depth} ANN x SNN, T = {self.time_steps}, M = {self.images}, "
            f"{self.side}x{self.side}, base width {self.base_width}"
        )


def pair(case: Case) -> tuple[Network, Network, Tensor]:
    """Both networks in evaluation mode, and images.

    Untrained, but with the batch statistics of some of the images and raised currents, so that
    spikes reach the last layer.
    """
    draw = torch.Generator().manual_seed(0)
    images = torch.randn(case.images, 3, case.side, case.side, generator=draw)
    ann, snn = (
        resnet(case.depth, neuron=neuron, base_width=case.base_width, time_steps=case.time_steps)
        for neuron in ("relu", "lif")
    )
    with torch.no_grad():
        for network in (ann, snn):
            for layer in network.modules():
                if isinstance(layer, TdBatchNorm):
                    layer.momentum = 1.0
                    layer.bias.fill_(0.3)
            network.train()(images[:64])
            network.eval()
    return ann, snn, images


def against(case: Case, rounds: int, *, slowest: bool) -> list[Row]:
    """The engine against the published idiom and, with `slowest`, torch_cka where installed."""
    ann, snn, images = pair(case)
    maps: dict[str, Callable[[Tensor], Tensor]] = {
        PUBLISHED: lambda images: cka_peers.published(ann, snn, images),
        OURS: lambda images: cka_heatmap(ann, snn, [images]).values,
    }
    if slowest and cka_peers.has_torch_cka():
        maps[TORCH_CKA] = lambda images: cka_peers.torch_cka(ann, snn, images)
    off = _errors(maps, cka_peers.published(ann, snn, images[:32], torch.float64), images[:32])
    assert off[OURS] < _AGREE, f"the engine's map is off by {off[OURS]:.1e}"
    timed = {name: lambda work=work: work(images) for name, work in maps.items()}
    found = interleaved(str(case), timed, peer=PUBLISHED, rounds=rounds)
    return [
        replace(row, candidate=f"{row.candidate} (± {off[row.candidate]:.0e})") for row in found
    ]


def _errors(
    maps: Mapping[str, Callable[[Tensor], Tensor]], expected: Tensor, images: Tensor
) -> dict[str, float]:
    """Largest error of each map on few images."""
    return {
        name: float((work(images) - expected).abs().nan_to_num().max())
        for name, work in maps.items()
    }


def scaling(case: Case, rounds: int) -> list[Row]:
    """How a map grows with layers, images and features, the others held."""
    few = replace(case, images=FEW)
    cases = [replace(few, depth=depth, side=16) for depth in (20, 38, 56)]
    cases += [replace(few, images=images) for images in (128, 256, 512)]
    cases += [replace(few, base_width=width) for width in (8, 16, 32)]
    return [row for one in dict.fromkeys(cases) for row in against(one, rounds, slowest=False)]


def estimates(case: Case, rounds: int) -> list[Row]:
    """A sweep that gives more estimates, or no intervals, against one of the unbiased one alone."""
    ann, snn, images = pair(case)

    def without_intervals() -> object:
        with mock.patch.object(stream, "moments", lambda a, b: torch.zeros(0, len(a), len(b))):
            return cka_heatmap(ann, snn, [images])

    timed: dict[str, Callable[[], object]] = {
        OURS: lambda: cka_heatmap(ann, snn, [images]),
        f"{OURS}, without intervals": without_intervals,
        f"{OURS}, and corrected": lambda: cka_heatmap(ann, snn, [images], also=("corrected",)),
        f"{OURS}, all estimates": lambda: cka_heatmap(ann, snn, [images], also=CONTROLS),
    }
    return interleaved(f"{case}, estimates", timed, peer=OURS, rounds=rounds)


def rows(case: Case, rounds: int, *, with_scaling: bool) -> list[Row]:
    """Against all peers at few images, against the published idiom at the case's; and all estimates
    against one.
    """
    found = against(replace(case, images=FEW), rounds, slowest=True)
    found += against(case, rounds, slowest=False)
    for number in dict.fromkeys((64, FEW, case.images)):
        found += estimates(replace(case, images=number), rounds)
    return found + (scaling(case, rounds) if with_scaling else [])


def torch_cka_ratio(found: list[Row], case: Case) -> float | None:
    """torch_cka's extrapolated time over the engine's at the case; None where it is absent."""
    few = str(replace(case, images=FEW))
    peer = [row.ms for row in found if row.case == few and row.candidate.startswith(TORCH_CKA)]
    ours = [row.ms for row in found if row.case == str(case) and row.candidate.startswith(OURS)]
    return peer[0] * (case.images / FEW) ** 2 / ours[0] if peer and ours else None


def map_of(case: Mapping[str, int], minibatches: int) -> Callable[[], object]:
    """A map of several minibatches, its networks built, its work still to be done."""
    ann, snn, images = pair(Case(**case))
    return lambda: cka_heatmap(ann, snn, (images for _ in range(minibatches)))


def fields(case: Case) -> dict[str, int]:
    """What `map_of` takes, in numbers that another process can be sent."""
    return asdict(case)
