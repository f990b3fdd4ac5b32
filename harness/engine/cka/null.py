"""How similar two networks seem that do not see the same image: a null by permutation.

The images of the second network change places, the same way for all of its layers, and the CKA of
each pair of layers is taken again. Among all images the networks have nothing in common but the
data set; within classes they still see the same class, so that what lies above this null is more
than classes. With s the CKA and the permuted ones beside it,
p = (1 + #{permuted ≥ s})/(B + 1), τ is the ⌈(1 − α)(B + 1)⌉-th of all B + 1 in ascending order, and
the calibrated value max(0, (s − τ)/(1 − τ)), which is above 0 only where p ≤ α (Gröger et al. 2026,
arXiv 2602.14486). The family-wise p is that of the largest of all cells, each less its mean over
the B + 1 and by its deviation (Westfall and Young 1993): any one of the cells is at most α where
nothing is shared with a chance of α.

A permutation leaves HSIC(K, K) as it is. In HSIC(K, L) it moves the numbers of the centred Gram
matrix, whatever the layer: an index of the packed numbers and a product of matrices each, and no
Gram matrix.

Legend: M = images of the minibatch, B = permutations, L = layers, P = numbers of a packed Gram
matrix.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import torch
from torch import Tensor

from harness.engine.arguments import checked, tensor
from harness.engine.cka.calls import LayerCalls
from harness.engine.cka.hsic import Hsics, HsicVector
from harness.engine.cka.result import CkaMap
from harness.engine.cka.stream import ALL_LAYERS, Stream, by_norms, pairs_of, ready
from harness.engine.cka.sums import MEMORY_LIMIT, HsicSums
from harness.engine.cka.sweep import axes_of, minibatches
from harness.engine.networks import Network
from harness.engine.randomness import stream
from harness.errors import HarnessError

Null = Literal["class", "chance"]
NULLS: tuple[Null, ...] = get_args(Null)

Labelled = Iterable[Sequence[Tensor]]
"""Minibatches of images and their labels [M], or of images for each of both networks and labels."""

_COLUMNS = 8192  # of a piece, whose products are added up in float64


@dataclass(frozen=True)
class CkaNull:
    """Beside the unbiased CKA of each pair of layers what a null says of it, [L_y, L_x] float64 on
    the CPU, NaN where CKA is undefined.
    """

    p: Tensor
    familywise: Tensor  # p of the largest of all cells
    threshold: Tensor  # τ
    calibrated: Tensor


@checked
def cka_nulls(
    network_y: Network,
    network_x: Network,
    batches: Labelled,
    layers: Sequence[str] | None = None,
    *,
    layers_x: Sequence[str] | None = None,
    nulls: Sequence[Null] = ("class",),
    permutations: int = 199,
    level: float = 0.05,
    seed: int = 0,
) -> tuple[CkaMap, dict[Null, CkaNull]]:
    """Unbiased CKA as `cka_heatmap` gives it, and where it lies among that of `permutations` of the
    images of `network_x`, within their classes or among all of a minibatch. `level` is α.

    Permutations of one minibatch are independent of those of another; each is a function of `seed`.
    The packed Gram matrices of a minibatch, 2·M² bytes a layer, are held at once. Raises
    HarnessError for minibatches without labels, and for what `cka_heatmap` refuses.
    """
    if permutations < 1 or not 0 < level < 1:
        said = f"expected at least 1 permutation and a level in 0…1 (got {permutations}, {level:g})"
        raise HarnessError("CKA null", said)
    calls_y = LayerCalls(network_y, layers)
    calls_x = LayerCalls(network_x, layers if layers_x is None else layers_x)
    sums = _PermutedSums()
    for number, (images, labels) in enumerate(_labelled(batches)):
        ((shown_y, shown_x),) = minibatches([images], (network_y, network_x))
        if len(labels) != shown_y.shape[-4]:
            said = f"{len(labels)} labels of {shown_y.shape[-4]} images"
            raise HarnessError("CKA batches", said)
        orders = [torch.arange(len(labels))]
        for null in nulls:
            draw = stream(seed, "null", null, number)
            groups = labels if null == "class" else torch.zeros_like(labels)
            orders += [order_within(groups, draw) for _ in range(permutations)]
        sums.orders = torch.stack(orders)
        streams = (calls_y.stream(shown_y, "unbiased"), calls_x.stream(shown_x, "unbiased"))
        sums.add(*streams, len(labels))
    axes = axes_of(network_y, network_x)
    observed = sums.result(calls_y.names, calls_x.names, axes)
    own, *permuted = torch.split(sums.values, [1] + [permutations] * len(nulls))
    return observed, {
        null: _judged(torch.cat([own, one]), level)
        for null, one in zip(nulls, permuted, strict=True)
    }


def order_within(groups_M: Tensor, draw: torch.Generator) -> Tensor:
    """A permutation [M], uniform among those that leave every image in its group."""
    shuffled = torch.randperm(len(groups_M), generator=draw)
    to = groups_M.argsort(stable=True)
    order = torch.empty_like(to)
    order[to] = shuffled[groups_M[shuffled].argsort(stable=True)]
    return order


def _labelled(batches: Labelled) -> Iterator[tuple[list[Tensor], Tensor]]:
    for batch in batches:
        parts = [tensor("CKA batches", one) for one in batch]
        if len(parts) < 2 or parts[-1].ndim != 1:
            said = "a minibatch without labels"
            raise HarnessError("CKA batches", said, hint="expected (images, labels), labels [M]")
        yield parts[:-1], parts[-1].cpu()


class _PermutedSums(HsicSums):
    """ΣHSIC of all pairs under each of some orders of the images, [1 + B, L_y, L_x], the first of
    which leaves them in their places; `orders` are those of the minibatch that comes next.
    """

    orders: Tensor

    def __init__(self) -> None:
        super().__init__(("unbiased",), MEMORY_LIMIT)
        self._gone_through = self._permuted

    @property
    def values(self) -> Tensor:
        """CKA under each order; NaN where it is undefined."""
        return self._divided()

    def _permuted(self, stream_y: Stream, stream_x: Stream | None, room: int) -> Hsics:
        y: list[HsicVector] = []
        x: list[HsicVector] = []
        stream_y(0, ALL_LAYERS, y.append)
        assert stream_x is not None  # noqa: S101 - there are two networks
        stream_x(0, ALL_LAYERS, x.append)
        found = pairs_of(ready(y), ready(x), room)
        return replace(found, cross=by_norms(_cosines(y, x, self.orders), y, x))


def _cosines(y: Sequence[HsicVector], x: Sequence[HsicVector], orders_BM: Tensor) -> Tensor:
    """Products of unit vectors, [B, L_y, L_x], those of `x` in each order. All run alike, so that
    an order which changes nothing gives the same bits.
    """
    y_LP = torch.stack([one.unit_P for one in y])
    x_PL = torch.stack([one.unit_P for one in x]).T.contiguous()
    wide = torch.promote_types(y_LP.dtype, x_PL.dtype)
    y_LP, x_PL = y_LP.to(wide), x_PL.to(wide)
    images = orders_BM.shape[1]
    row, column = torch.triu_indices(images, images, 1, device=y_LP.device)
    found = torch.zeros(len(orders_BM), len(y), len(x), dtype=torch.float64, device=y_LP.device)
    for order, total in zip(orders_BM.to(y_LP.device), found, strict=True):
        first, second = order[row], order[column]
        above, beside = torch.minimum(first, second), torch.maximum(first, second)
        places_P = above * (2 * images - above - 3) // 2 + beside - 1  # in the packed triangle
        for start in range(0, len(places_P), _COLUMNS):
            piece = slice(start, start + _COLUMNS)
            total += y_LP[:, piece] @ x_PL.index_select(0, places_P[piece])
    return found


def _judged(values: Tensor, level: float) -> CkaNull:
    """Of [1 + B, L_y, L_x], the first of which is the observed one."""
    own, count = values[0], len(values)
    p = (values >= own).double().mean(0)  # the observed one is among them
    threshold = values.sort(0).values[math.ceil((1 - level) * count - 1e-9) - 1]
    # τ may be 1: of a layer with itself, where an order leaves all images in their places
    calibrated = ((own - threshold) / (1 - threshold).clamp(min=1e-12)).clamp(0, 1)
    spread = values.std(0, correction=0)
    far = torch.where(spread > 0, (values - values.mean(0)) / spread, 0.0)
    largest = far.nan_to_num(nan=-math.inf).flatten(1).amax(1)
    familywise = (largest[:, None, None] >= far[0]).double().mean(0)
    nowhere = own.isnan()
    cells = (p, familywise, threshold, calibrated)
    return CkaNull(*(one.masked_fill(nowhere, torch.nan) for one in cells))
