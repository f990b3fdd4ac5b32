"""All pairs of two streams of layers, by matrix products of packed Gram matrices, within a limit
of memory.

A minibatch of M images takes 2·M·(M−1) bytes per layer. While both networks' layers fit into the
limit, each network runs once. Where only one network's do, the other one's are taken in blocks, as
they come. Where not even one's do, the first network is taken in groups, and the second runs again
for each group: more time, the same numbers.

A product runs in float32 over a piece of the P numbers at a time, and the pieces are added up in
float64. Where few images are active, single numbers hold most of a vector's length, and float32
would swallow the many small products beside them (errors of 1e-5): such a piece runs in float64.

Legend: L = layers, E = estimators, P = numbers of a packed Gram matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from harness.engine.cka.gram import Steps, add_upper_product
from harness.engine.cka.hsic import Estimator, Hsics, HsicVector, Own, hsic_vector, of_biased
from harness.engine.cka.intervals import flipped, moments

_COLUMNS = {"cpu": 8192, "cuda": 65536}  # of a piece
_PEAK = 2.0**-6  # of a vector of length 1; 1/√P in evenly spread ones


def cross_hsic(a: Sequence[HsicVector], b: Sequence[HsicVector]) -> Tensor:
    """HSIC of each of `a` with each of `b` in their scales, [L_y, L_x] float64 on the CPU."""
    total = _zeros(a, b)
    for at in _pieces(a):
        left, right = _piece(a, at), _piece(b, at)
        if left.dtype != right.dtype:
            left, right = left.double(), right.double()
        total += left @ right.T
    return by_norms(total, a, b)


def own_hsic(a: Sequence[HsicVector]) -> Tensor:
    """HSIC of each pair of `a`, [L, L] float64 on the CPU, symmetric, each pair computed once; its
    diagonal is the square of the norms exactly.
    """
    total = _zeros(a, a)
    for at in _pieces(a):
        piece = _piece(a, at)
        part = piece.new_zeros(len(a), len(a))
        add_upper_product(piece, part)
        total += part
    total = total.triu_(1)
    return by_norms(total + total.T + torch.eye(len(a), device=total.device), a, a)


def _each(cross: Tensor, a: Sequence[HsicVector], b: Sequence[HsicVector]) -> Tensor:
    """Of the HSICs of `a` and `b` those under each estimator, [E, L_y, L_x]: the corrected one
    differs from HSIC₁ nowhere but in a layer with itself, the biased one by the ends.
    """
    found = dict.fromkeys(a[0].own, cross)
    ends = [one.ends for side in (a, b) for one in side if one.ends is not None]
    if ends:
        none = torch.zeros_like(ends[0])
        left, right = (
            torch.stack([none if one.ends is None else one.ends for one in side]) for side in (a, b)
        )
        found["biased"] = of_biased(len(none) - 1) * cross + left @ right.T
    return torch.stack([*found.values()])


def _planes(cross: Tensor, a: Sequence[HsicVector], b: Sequence[HsicVector]) -> Tensor:
    """HSICs and then moments, so that blocks of both are put side by side at once."""
    return torch.cat([_each(cross, a, b), moments(a, b)])


def _of_planes(planes: Tensor, y: Own, x: Own) -> Hsics:
    return Hsics(planes[: len(y.hsic_EL)], y, x, planes[len(y.hsic_EL) :])


def _zeros(a: Sequence[HsicVector], b: Sequence[HsicVector]) -> Tensor:
    return torch.zeros(len(a), len(b), dtype=torch.float64, device=a[0].unit_P.device)


def _pieces(vectors: Sequence[HsicVector]) -> Iterator[slice]:
    numbers = vectors[0].unit_P
    columns = _COLUMNS[numbers.device.type]
    return (slice(start, start + columns) for start in range(0, len(numbers), columns))


def _piece(vectors: Sequence[HsicVector], at: slice) -> Tensor:
    piece = torch.stack([vector.unit_P[at] for vector in vectors])
    low, high = piece.aminmax()
    return piece.double() if max(-low, high) > _PEAK else piece


def by_norms(cosines: Tensor, a: Sequence[HsicVector], b: Sequence[HsicVector]) -> Tensor:
    """HSIC from products of unit vectors [… L_y, L_x], on the CPU."""
    norms_y, norms_x = (
        torch.tensor([vector.norm for vector in side], dtype=torch.float64) for side in (a, b)
    )
    return cosines.cpu() * torch.outer(norms_y, norms_x)


Deliver = Callable[[HsicVector], None]

Stream = Callable[[int, int, Deliver], int]
"""stream(first, last, deliver) computes layers first … last−1 and delivers each, in order; gives
how many layers there are in all. It may be called several times and then repeats itself.
"""


def stream_of(layers: Sequence[Steps], *estimators: Estimator) -> Stream:
    """Layers whose features are at hand, as a stream."""

    def stream(first: int, last: int, deliver: Deliver) -> int:
        for steps in layers[first:last]:
            deliver(hsic_vector(steps, *estimators))
        return len(layers)

    return stream


def ready(vectors: Sequence[HsicVector]) -> Stream:
    """Layers whose vectors are at hand, as a stream."""

    def stream(first: int, last: int, deliver: Deliver) -> int:
        for vector in vectors[first:last]:
            deliver(vector)
        return len(vectors)

    return stream


def joined(first: Stream, then: Stream) -> Stream:
    """The one layer of `first`, and those of `then`."""

    def stream(start: int, stop: int, deliver: Deliver) -> int:
        if start == 0:
            first(0, 1, deliver)
        return 1 + then(max(0, start - 1), stop - 1, deliver)

    return stream


ALL_LAYERS = 2**62  # past the last layer of any network


def pairs_of(stream_y: Stream, stream_x: Stream | None, room: int) -> Hsics:
    """HSIC of every layer of `stream_y` with every one of `stream_x`, or of its own where that is
    None; at most `room` layers (2 or more) are held at once.
    """
    return _own(stream_y, room) if stream_x is None else _two(stream_y, stream_x, room)


def _two(stream_y: Stream, stream_x: Stream, room: int) -> Hsics:
    group = max(1, room * 3 // 4)
    rows: list[Tensor] = []
    own_y: list[Own] = []
    own_x: list[Own] = []
    start, layers = 0, 1
    while start < layers:
        held: list[HsicVector] = []
        layers = stream_y(start, start + group, held.append)
        block = _Block(held, room - len(held))
        stream_x(0, ALL_LAYERS, block.add)
        block.flush()
        rows.append(torch.cat(block.columns, dim=2))
        own_y.append(Own.of(held))
        own_x = block.own
        start += group
    return _of_planes(torch.cat(rows, dim=1), Own.joined(own_y), Own.joined(own_x))


def _own(stream: Stream, room: int) -> Hsics:
    held: list[HsicVector] = []
    layers = stream(0, room, held.append)
    if layers <= room:
        own = Own.of(held)
        return _of_planes(_planes(own_hsic(held), held, held), own, own)
    group = max(1, room * 3 // 4)
    del held[group:]
    planes = torch.zeros(0)
    parts: list[Own] = []
    for start in range(0, layers, group):
        if start:
            held = []
            stream(start, start + group, held.append)
        stop = start + len(held)
        parts.append(Own.of(held))
        within = _planes(own_hsic(held), held, held)
        if not start:
            planes = within.new_zeros(len(within), layers, layers)
        planes[:, start:stop, start:stop] = within
        if stop < layers:
            block = _Block(held, room - len(held))
            stream(stop, ALL_LAYERS, block.add)
            block.flush()
            beyond = torch.cat(block.columns, dim=2)
            planes[:, start:stop, stop:] = beyond
            planes[:, stop:, start:stop] = flipped(beyond, len(held[0].own))
    own = Own.joined(parts)
    return _of_planes(planes, own, own)


def counterparts_of(stream_y: Stream, stream_x: Stream | None, room: int) -> Hsics:
    """HSIC of each layer of `stream_y` with the one of `stream_x` in its place; both streams have
    equally many, and at most `room` layers (2 or more) are held at once.
    """
    assert stream_x is not None  # noqa: S101 - a stream beside itself has no counterparts
    found: list[Hsics] = []
    start, layers = 0, 1
    while start < layers:
        held: list[HsicVector] = []
        layers = stream_y(start, start + room - 1, held.append)
        held.reverse()
        stream_x(start, start + room - 1, lambda b: found.append(_hsics(held.pop(), b)))  # noqa: B023
        start += room - 1
    return Hsics(
        torch.cat([one.cross for one in found], dim=1),
        Own.joined([one.y for one in found]),
        Own.joined([one.x for one in found]),
        torch.cat([one.moments for one in found], dim=1),
    )


def _hsics(a: HsicVector, b: HsicVector) -> Hsics:
    cosine = float((a.unit_P * b.unit_P).sum(dtype=torch.float64))
    cross = torch.tensor([[a.norm * b.norm * cosine]], dtype=torch.float64)
    return _of_planes(_planes(cross, [a], [b]).flatten(1), Own.of([a]), Own.of([b]))


@dataclass
class _Block:
    """Layers on their way past those that are held, a block at a time."""

    held: list[HsicVector]
    room: int
    waiting: list[HsicVector] = field(default_factory=list)
    columns: list[Tensor] = field(default_factory=list)
    own: list[Own] = field(default_factory=list)

    def add(self, vector: HsicVector) -> None:
        """Take one more layer; multiply when the block is full."""
        self.waiting.append(vector)
        if len(self.waiting) >= self.room:
            self.flush()

    def flush(self) -> None:
        """Multiply what is waiting, and let it go."""
        if self.waiting:
            cross = cross_hsic(self.held, self.waiting)
            self.columns.append(_planes(cross, self.held, self.waiting))
            self.own.append(Own.of(self.waiting))
            self.waiting.clear()
