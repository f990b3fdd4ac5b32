"""All pairs of layers at once: one matrix product of packed Gram matrices.

The product runs in float32 over a piece of the P numbers at a time, and the pieces are added up in
float64. Where few images are active, single numbers hold most of a vector's length, and float32
would swallow the many small products beside them (errors of 1e-5): such a piece runs in float64.

Legend: L = layers, P = numbers of a packed Gram matrix.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from harness.engine.cka.estimator import HsicVector
from harness.engine.cka.gram import add_upper_product

_COLUMNS = 8192  # of a piece
_PEAK = 2.0**-6  # of a vector of length 1; 1/√P in evenly spread ones


def cross_hsic(a: Sequence[HsicVector], b: Sequence[HsicVector]) -> Tensor:
    """HSIC of each of `a` with each of `b` in their scales, [L_a, L_b] float64 on the CPU."""
    total = _zeros(a, b)
    for start in range(0, a[0].unit_P.numel(), _COLUMNS):
        left, right = _piece(a, start), _piece(b, start)
        if left.dtype != right.dtype:
            left, right = left.double(), right.double()
        total += left @ right.T
    return _scaled(total, a, b)


def own_hsic(a: Sequence[HsicVector]) -> Tensor:
    """HSIC of each pair of `a`, [L, L] float64 on the CPU, symmetric, each pair computed once; its
    diagonal is the square of the norms exactly.
    """
    total = _zeros(a, a)
    for start in range(0, a[0].unit_P.numel(), _COLUMNS):
        piece = _piece(a, start)
        part = piece.new_zeros(len(a), len(a))
        add_upper_product(piece, part)
        total += part
    total = total.triu_(1)
    return _scaled(total + total.T + torch.eye(len(a), device=total.device), a, a)


def _zeros(a: Sequence[HsicVector], b: Sequence[HsicVector]) -> Tensor:
    return torch.zeros(len(a), len(b), dtype=torch.float64, device=a[0].unit_P.device)


def _piece(vectors: Sequence[HsicVector], start: int) -> Tensor:
    piece = torch.stack([vector.unit_P[start : start + _COLUMNS] for vector in vectors])
    low, high = piece.aminmax()
    return piece.double() if max(-low, high) > _PEAK else piece


def _scaled(cosines: Tensor, a: Sequence[HsicVector], b: Sequence[HsicVector]) -> Tensor:
    norms_a, norms_b = (
        torch.tensor([vector.norm for vector in side], dtype=torch.float64) for side in (a, b)
    )
    return cosines.cpu() * torch.outer(norms_a, norms_b)
