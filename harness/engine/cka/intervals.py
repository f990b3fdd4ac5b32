"""How far CKA would move with other images, from the row sums of the centred Gram matrices.

With U-centred K̃, L̃ of m images and h_i = Σ_j K̃_ij·L̃_ij, HSIC₁ without image i is
[Σh − 2·h_i·(m − 2)/(m − 3)] / ((m − 1)(m − 4)), exactly: so deleting each image once costs no Gram
matrix. With X, Y, Z the sums of HSIC₁(K, L), (K, K), (L, L) over minibatches and θ = X/√(YZ), the
influence of an image is θ·(D^KL/X − ½·D^KK/Y − ½·D^LL/Z), D what its deletion changes, and
se² = Σ over minibatches (m − 1)/m·Σ_i (influence − its mean)² (Efron and Stein, Annals of
Statistics 9, 1981). The interval is that of atanh θ. What it says is about images, for these two
networks; it says nothing of other seeds.

se² is a sum of six second moments of D^KL, D^KK and D^LL over the images. They are kept in units of
√(YZ), Y and Z, so that no scale of the features can overflow them.

Legend: M (m) = images of the minibatch, L = layers, I = images at once, P = numbers of a packed
Gram matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist
from typing import Final

import torch
from torch import Tensor

from harness.engine.cka.hsic import MOMENTS, HsicVector

FEWEST: Final = 5  # images of a minibatch: one is left out, and HSIC₁ needs four
LEVEL: Final = 0.95
_AT_ONCE = 2**22  # numbers
_EXACT = 1e-7  # of 1 − θ: a layer with itself


def moments(a: Sequence[HsicVector], b: Sequence[HsicVector]) -> Tensor:
    """Second moments of what the deletion of an image changes, of each of `a` with each of `b`:
    [moment, L_y, L_x] float64 on the CPU, in the order of `MOMENTS`, NaN for fewer than 5 images;
    [0, L_y, L_x] where the first estimator is not the unbiased one.

    All pairs of an image are one product of [L_y, M] and [M, L_x].
    """
    if next(iter(a[0].own), None) != "unbiased":
        return torch.zeros(0, len(a), len(b), dtype=torch.float64)
    packed, device = len(a[0].unit_P), a[0].unit_P.device
    images = (1 + round((1 + 8 * packed) ** 0.5)) // 2
    if images < FEWEST:
        return torch.full((len(MOMENTS), len(a), len(b)), torch.nan, dtype=torch.float64)
    sums = torch.zeros(4, len(a), len(b), dtype=torch.float64, device=device)
    own_y, own_x = [], []
    step = max(1, _AT_ONCE // (images * (len(a) + len(b)) + 4 * len(a) * len(b)))
    for start in range(0, images, step):
        stop = min(start + step, images)
        y_ILM = _rows(a, start, stop, images)
        x_ILM = y_ILM if b is a else _rows(b, start, stop, images)
        if y_ILM.dtype != x_ILM.dtype:
            y_ILM, x_ILM = y_ILM.double(), x_ILM.double()
        pairs = (y_ILM @ x_ILM.mT).double()
        y_IL, x_IL = (
            torch.linalg.vector_norm(rows, dim=2, dtype=torch.float64).square()
            for rows in (y_ILM, x_ILM)
        )
        own_y.append(y_IL)
        own_x.append(x_IL)
        sums[0] += pairs.sum(0)
        sums[1] += (pairs * y_IL.unsqueeze(2)).sum(0)
        sums[2] += (pairs * x_IL.unsqueeze(1)).sum(0)
        sums[3] += pairs.square_().sum(0)
    y_ML, x_ML = torch.cat(own_y), torch.cat(own_x)
    total, with_y, with_x, squares = sums
    mean_y, mean_x = y_ML.mean(0).unsqueeze(1), x_ML.mean(0).unsqueeze(0)
    y_ML, x_ML = y_ML - mean_y.T, x_ML - mean_x
    found = {
        "kl_kl": squares - total.square() / images,
        "k_l": y_ML.T @ x_ML,
        "kl_k": with_y - total * mean_y,
        "kl_l": with_x - total * mean_x,
        "k_k": y_ML.square().sum(0).unsqueeze(1).expand_as(total),
        "l_l": x_ML.square().sum(0).expand_as(total),
    }
    # of unit vectors h_i/(m·(m − 3)) is half a row's sum, and its deletion changes −slope times it
    slope = images * (images - 2) / ((images - 1) * (images - 4))
    planes = torch.stack([found[name] for name in MOMENTS])
    planes *= slope**2 * (images - 1) / images
    return planes.cpu()


def _rows(vectors: Sequence[HsicVector], start: int, stop: int, images: int) -> Tensor:
    """Rows start … stop − 1 of the centred Gram matrices, [I, L, M]."""
    first = vectors[0].unit_P
    flat = _square_indices(images, first.device)[start:stop].flatten()
    found = torch.stack([vector.unit_P.index_select(0, flat) for vector in vectors])
    rows_LIM = found.view(len(vectors), stop - start, images)
    rows_LIM.diagonal(start, 1, 2).zero_()
    return rows_LIM.transpose(0, 1)


@lru_cache(maxsize=2)  # a sweep has minibatches of one size, and a last one
def _square_indices(images: int, device: torch.device) -> Tensor:
    """Where each number of [M, M] stands in the packed upper triangle; on the diagonal anywhere."""
    size = images * (images - 1) // 2
    dtype = torch.int64 if size >= 2**31 else torch.int32
    places = torch.arange(size, dtype=dtype, device=device)
    square = torch.zeros(images, images, dtype=dtype, device=device)
    row, column = torch.triu_indices(images, images, 1, device=device)
    square[row, column] = places
    square[column, row] = places
    return square


def flipped(planes: Tensor, estimators: int) -> Tensor:
    """HSICs and moments [plane, L_y, L_x] of the same pairs the other way round."""
    swapped = ("kl_kl", "k_l", "kl_l", "kl_k", "l_l", "k_k")
    places = [estimators + swapped.index(name) for name in MOMENTS]
    return planes.mT[[*range(estimators), *places][: len(planes)]]


def standard_error(values: Tensor, moments: Tensor) -> Tensor:
    """Of CKA over images, as `values` are shaped; 0 of a layer with itself."""
    of = dict(zip(MOMENTS, moments, strict=True))
    own = of["k_k"] + of["l_l"] + 2 * of["k_l"]
    variance: Tensor = values.square() / 4 * own - values * (of["kl_k"] + of["kl_l"])
    variance += of["kl_kl"]
    exact = values.abs() >= 1 - _EXACT
    return variance.clamp(min=0).sqrt().masked_fill(exact, 0.0)


def interval(values: Tensor, se: Tensor, level: float) -> tuple[Tensor, Tensor]:
    """The ends of the interval that covers in this share of sets of images."""
    spread = NormalDist().inv_cdf((1 + level) / 2) * se
    inside = values.clamp(-1, 1)
    middle, width = inside.atanh(), spread / (1 - inside.square())
    exact = inside.abs() >= 1 - _EXACT
    low, high = (torch.where(exact, values, (middle + s * width).tanh()) for s in (-1, 1))
    return low, high
