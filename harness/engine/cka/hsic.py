"""From a Gram matrix to a vector whose dot products are HSICs, and sums of those that no scale of
the features can overflow.

HSIC₁(K, L) = Σ_{i≠j} K̃_ij·L̃_ij / (m·(m−3)), where K̃ is the U-centred K: zero diagonal, and
K̃_ij = K_ij − r_i/(m−2) − r_j/(m−2) + Σr/((m−1)(m−2)) with r_i the sum of row i without its diagonal
(Székely & Rizzo 2014). This is the unbiased estimator of Song et al. 2012 (eq. 5), term for term,
without its cancellation: HSIC₁(K, K) is a sum of squares and cannot come out negative. HSIC₁ of two
different layers may be negative; that is a value, not a fault.

HSIC₀(K, L) = tr(K·H·L·H) / (m−1)², H = I − 1/m, is the biased one (Gretton et al. 2005). With
d_i = K_ii − 2·(r_i/(m−2) − Σr/(2·(m−1)(m−2))) and e_i alike of L, H·K·H = H·(K̃ + diag d)·H, and
as the rows of K̃ add up to 0,
(m−1)²·HSIC₀(K, L) = m·(m−3)·HSIC₁(K, L) + (1 − 2/m)·Σ d_i·e_i + Σd·Σe/m²:
beside the unbiased one it costs m numbers of a layer, and no other Gram matrix.

A layer of C channels has K = Σ_c K_c. Taken for a draw from a population of channels, HSIC₁(K, K)
is too large by what each channel has in common with itself, and HSIC₁ of two networks is not: so
narrow layers seem less similar than wide ones. The corrected estimator has in place of HSIC₁(K, K)
C/(C−1)·[HSIC₁(K, K) − Σ_c HSIC₁(K_c, K_c)], and HSIC₁(K, L) as it is (Chun et al. 2025,
arXiv 2502.15104). Its CKA may exceed 1, and a layer with itself does.

HSIC grows with the fourth power of the features, so that those of 1e80 have one that float64 cannot
hold, and those of 1e-25 vanish in float32 long before. A layer's numbers are therefore kept with a
power of two of its own, which is exact and 1 for features of ordinary size; CKA is blind to it.

Legend: M (m) = images of the minibatch, P = numbers kept of a Gram matrix, M·(M−1)/2 or that + M,
L = layers, E = estimators.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import nan
from types import MappingProxyType
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from harness.engine.cka.gram import (
    Standing,
    Steps,
    at_unit_scale,
    constant,
    ordinary,
    standing_of,
    upper_gram,
    upper_gram_and_own,
)

Estimator = Literal["unbiased", "biased", "corrected"]
Estimators = tuple[Estimator, ...]
FEWEST_IMAGES = {"unbiased": 4, "biased": 2, "corrected": 4}

MOMENTS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {"kl_kl": (2, 2), "k_l": (2, 2), "kl_k": (3, 1), "kl_l": (1, 3), "k_k": (4, 0), "l_l": (0, 4)}
)
"""Of what the deletion of an image changes in HSIC₁ of K with L, of K and of L with itself, and how
often the unit of each has that of K and of L."""

_ROUNDING = 4.0  # roundings of the dtype that a Gram matrix may be off by, relative to its trace
_LEAST = -(2**20)  # exponent of a layer of norm 0, so that it sets no other minibatch's


@dataclass(frozen=True)
class HsicVector:
    """A layer on one minibatch: HSIC(K, L) = K.norm·L.norm·(K.unit · L.unit), times two to both
    exponents.
    """

    unit_P: Tensor  # of length 1; zeros where the norm is 0
    norm: float  # √HSIC(K, K)/2^exponent; 0.0 or NaN where the layer is not `DEFINED`
    standing: Standing = Standing.DEFINED
    exponent: int = 0  # for features of ordinary size
    own: Mapping[Estimator, float] = field(default_factory=dict)  # HSIC(K, K) under each estimator
    ends: Tensor | None = None  # what makes HSIC₀ of HSIC₁, [M + 1] float64 on the CPU


def hsic_vector(steps: Steps, *estimators: Estimator) -> HsicVector:
    """A layer's vector from its features [M, …] of each step, of any size."""
    if constant(steps):
        return _undefined(steps, estimators, standing_of(step[:1] for step in steps))
    gram, own_C = _gram(steps, estimators)
    if ordinary(gram):
        return packed(gram, estimators, own_C)
    if standing_of(steps) is Standing.BROKEN:
        return _undefined(steps, estimators, Standing.BROKEN)
    unit, exponent = at_unit_scale(steps)
    gram, own_C = _gram(unit, estimators)
    vector = packed(gram, estimators, own_C)
    return replace(vector, exponent=2 * exponent) if vector.norm else vector


def _gram(steps: Steps, estimators: Estimators) -> tuple[Tensor, Tensor | None]:
    return upper_gram_and_own(steps) if "corrected" in estimators else (upper_gram(steps), None)


def packed(gram_MM: Tensor, estimators: Estimators, own_C: Tensor | None = None) -> HsicVector:
    """The upper triangle of an `ordinary` Gram matrix, centred; the matrix is used up. `own_C` is
    HSIC₁ of each channel with itself, for the corrected estimator. Where the biased one is the
    first it is the only one; every other order has vectors of HSIC₁.

    The layer is `UNSHARED` when nothing but rounding is left.
    """
    images = len(gram_MM)
    diagonal = gram_MM.diagonal().to(torch.float64, copy=True)
    upper = gram_MM.triu_(1)
    sums = upper.sum(1, dtype=torch.float64) + upper.sum(0, dtype=torch.float64)
    trace = float(diagonal.sum() - (diagonal.sum() + sums.sum()) / images)  # of the centred K
    packing = upper_indices(images, gram_MM.device)
    ends = None
    if estimators[0] != "biased":
        shift = _halves(sums / (images - 2), (images - 1) * (images - 2), sums.sum())
        vector = _shifted(upper, shift).flatten().index_select(0, packing)
        scale = (2.0 / (images * (images - 3))) ** 0.5
        ends = _ends(diagonal - 2 * shift) if "biased" in estimators else None
    else:
        sums = sums + diagonal
        shift = _halves(sums / images, images**2, sums.sum())
        centred = (diagonal - 2 * shift).to(upper.dtype)
        vector = _shifted(upper, shift).flatten().index_select(0, packing)
        vector = torch.cat([vector.mul_(2**0.5), centred])  # each pair of the square counts twice
        scale = 1.0 / (images - 1)
    length = float(torch.linalg.vector_norm(vector, dtype=torch.float64))
    if length <= _ROUNDING * torch.finfo(vector.dtype).eps * trace or length == 0.0:
        nothing = dict.fromkeys(estimators, 0.0)
        return HsicVector(vector.zero_(), 0.0, Standing.UNSHARED, _LEAST, nothing)
    norm = scale * length
    own: dict[Estimator, float] = dict.fromkeys(estimators, norm * norm)
    if own_C is not None:
        others, share = norm * norm - float(own_C.sum()), len(own_C) - 1
        own["corrected"] = others * len(own_C) / share if share else 0.0
    if ends is not None:
        own["biased"] = of_biased(images) * norm * norm + float(ends @ ends)
    return HsicVector(vector.div_(length), norm, own=own, ends=ends)


def _ends(ends_M: Tensor) -> Tensor:
    """[M + 1], whose products are those of d and e in HSIC₀."""
    images = len(ends_M)
    whole = (ends_M.sum() / images).reshape(1)
    return torch.cat([ends_M * (1 - 2 / images) ** 0.5, whole]).cpu() / (images - 1)


def of_biased(images: int) -> float:
    """The share of HSIC₁ that is in HSIC₀."""
    return images * (images - 3) / (images - 1) ** 2


def packed_size(images: int, estimator: Estimator) -> int:
    """P, how many numbers an `HsicVector` holds."""
    strict = images * (images - 1) // 2
    return strict + images if estimator == "biased" else strict


def _undefined(steps: Steps, estimators: Estimators, standing: Standing) -> HsicVector:
    dtype = torch.promote_types(steps[0].dtype, torch.float32)
    nothing = steps[0].new_zeros(packed_size(len(steps[0]), estimators[0]), dtype=dtype)
    norm = nan if standing is Standing.BROKEN else 0.0
    return HsicVector(nothing, norm, standing, _LEAST, dict.fromkeys(estimators, norm))


def _halves(mean_M: Tensor, pairs: int, total: Tensor) -> Tensor:
    """a_M with a_i + a_j = mean_i + mean_j − total/pairs."""
    return mean_M - total / (2 * pairs)


def _shifted(upper_MM: Tensor, shift_M: Tensor) -> Tensor:
    """upper_ij − a_i − a_j, in place."""
    shift = shift_M.to(upper_MM.dtype)
    return upper_MM.sub_(shift.unsqueeze(1)).sub_(shift)


@lru_cache(maxsize=2)  # a sweep has minibatches of one size, and a last one
def upper_indices(images: int, device: torch.device) -> Tensor:
    """Flat indices of the strict upper triangle of [M, M], row by row."""
    row, column = torch.triu_indices(images, images, 1, device=device)
    flat: Tensor = row * images + column
    return flat if images**2 >= 2**31 else flat.to(torch.int32)


@dataclass(frozen=True)
class Own:
    """Layers beside themselves: HSIC(K, K) = hsic·4^exponent under each estimator, and why it is 0
    or NaN, if it is.
    """

    hsic_EL: Tensor  # float64 on the CPU
    exponent_L: Tensor  # int64
    standing_L: Tensor  # int64, the largest `Standing` of all minibatches

    @classmethod
    def of(cls, vectors: Sequence[HsicVector]) -> Own:
        """Of one minibatch."""
        return cls(
            torch.tensor(
                [[one.own[name] for one in vectors] for name in vectors[0].own],
                dtype=torch.float64,
            ),
            torch.tensor([vector.exponent for vector in vectors], dtype=torch.int64),
            torch.tensor([vector.standing for vector in vectors], dtype=torch.int64),
        )

    @classmethod
    def joined(cls, parts: Sequence[Own]) -> Own:
        """One after the other."""
        return cls(
            torch.cat([one.hsic_EL for one in parts], dim=1),
            torch.cat([one.exponent_L for one in parts]),
            torch.cat([one.standing_L for one in parts]),
        )

    def share_of(self, whole: Own) -> Tensor:
        """√(HSIC(K, K) / that of `whole`) under the first estimator, [L]; 0 where that has none."""
        part = scaled(self.hsic_EL[0], 2 * (self.exponent_L - whole.exponent_L))
        return (part / whole.hsic_EL[0].where(whole.hsic_EL[0] != 0, 1.0)).sqrt()

    def plus(self, other: Own) -> Own:
        """Of the minibatches of both, in the larger of the two scales."""
        exponent_L = torch.maximum(self.exponent_L, other.exponent_L)
        here, there = (
            scaled(one.hsic_EL, 2 * (one.exponent_L - exponent_L)) for one in (self, other)
        )
        hsic_EL = here + there
        return Own(hsic_EL, exponent_L, torch.maximum(self.standing_L, other.standing_L))


@dataclass(frozen=True)
class Hsics:
    """The HSICs of two networks' layers under each estimator, of each pair [E, L_y, L_x] or of
    counterparts only [E, L].

    HSIC(K, L) = cross·2^(exponent of K + exponent of L).
    """

    cross: Tensor  # float64 on the CPU
    y: Own
    x: Own
    moments: Tensor  # `MOMENTS`, shaped as `cross`; none where HSIC₁ is not the first estimator

    def plus(self, other: Hsics) -> Hsics:
        """Of the minibatches of both."""
        y, x = self.y.plus(other.y), self.x.plus(other.x)
        here, there = (
            one._shifted(one.y.exponent_L - y.exponent_L, one.x.exponent_L - x.exponent_L)
            for one in (self, other)
        )
        in_units = [
            one.moments * _units(one.moments, one.y.share_of(y), one.x.share_of(x))
            for one in (self, other)
        ]
        return Hsics(here + there, y, x, in_units[0] + in_units[1])

    def balanced(self) -> tuple[Tensor, Tensor, Tensor]:
        """cross, self_y and self_x in scales where the product of the last two is near 1."""
        half_y, half_x = (
            -(torch.frexp(own.hsic_EL).exponent // 2).long() for own in (self.y, self.x)
        )
        own_y, own_x = scaled(self.y.hsic_EL, 2 * half_y), scaled(self.x.hsic_EL, 2 * half_x)
        return self._shifted(half_y, half_x), own_y, own_x

    def _shifted(self, by_y: Tensor, by_x: Tensor) -> Tensor:
        """cross·2^(by_y + by_x), of [L] or [E, L]."""
        y, x = paired(by_y, by_x) if self.cross.ndim == 3 else (by_y, by_x)
        return scaled(self.cross, y + x)


def _units(moments: Tensor, of_y: Tensor, of_x: Tensor) -> Tensor:
    """What each moment is multiplied by where those of K and L are in other units."""
    y, x = paired(of_y, of_x) if moments.ndim == 3 else (of_y, of_x)
    return torch.stack([y**up * x**across for up, across in MOMENTS.values()])[: len(moments)]


def paired(of_y: Tensor, of_x: Tensor) -> tuple[Tensor, Tensor]:
    """[… L_y] and [… L_x] so that they are of each pair, [… L_y, L_x]."""
    return of_y.unsqueeze(-1), of_x.unsqueeze(-2)


def scaled(numbers: Tensor, exponent: Tensor) -> Tensor:
    """numbers·2^exponent, float64 on the CPU; numpy's is exact, torch's forms 2^exponent first."""
    return torch.from_numpy(np.ldexp(numbers.numpy(), exponent.numpy()))
