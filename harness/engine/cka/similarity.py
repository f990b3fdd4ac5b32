"""Other measures of similarity than CKA, from the Gram matrices of one sweep.

All are made of K = X·Xᵀ, as it is or centred, HKH with H = I − 1/m:

- `rbf`: unbiased CKA of exp(−d²/(2·(σ·median of d)²)), d the distance of two images (Kornblith et
  al. 2019, 3.1)
- `first-removed`: unbiased CKA of HKH without its first principal component (Nguyen et al. 2022)
- `largest-removed`: unbiased CKA of the images but for those of the largest squared distance to the
  mean image, as a share of all of a layer and on the mean of all layers of both networks: a few of
  them may decide on CKA (Nguyen et al. 2022; Davari et al. 2023)
- `rsa`: Spearman's ρ of the correlation distances of all pairs of images (Kriegeskorte et al. 2008)
- `mutual-knn`: which share of an image's k nearest neighbours by cosine two layers have in common,
  the mean over images (Huh et al. 2024)
- `procrustes`: ‖Xᵀ·Y‖_*/(‖X‖·‖Y‖) = ‖F_Kᵀ·F_L‖_*/√(tr K·tr L) of centred features, where
  F·Fᵀ = HKH; its arccos is the angular Procrustes distance (Williams et al. 2021)

But for the last, each is a product of a vector of one layer and one of the other. Over minibatches
those of CKA add up HSIC as CKA itself does; of the others the mean is taken.

Legend: T = time steps, M (m) = images of the minibatch, D = features of an image, P = pairs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Final, Literal, get_args

import torch
from torch import Tensor

from harness.engine.arguments import checked
from harness.engine.cka.calls import LayerCalls
from harness.engine.cka.gram import (
    Standing,
    Steps,
    at_unit_scale,
    constant,
    ordinary,
    rows,
    standing_of,
    upper_gram,
)
from harness.engine.cka.hsic import HsicVector, packed, upper_indices
from harness.engine.cka.result import CkaMap
from harness.engine.cka.stream import ready
from harness.engine.cka.sums import MEMORY_LIMIT, HsicSums
from harness.engine.cka.sweep import Batches, Pairs, axes_of, minibatches
from harness.engine.networks import Network
from harness.engine.training.numerics import full_precision
from harness.errors import HarnessError

Similarity = Literal["rbf", "first-removed", "largest-removed", "rsa", "mutual-knn", "procrustes"]
SIMILARITIES: tuple[Similarity, ...] = get_args(Similarity)

_ROUNDING: Final = 4 * torch.finfo(torch.float32).eps  # of products in float32, of what they are of
_KERNELS = ("cka", "rbf", "first-removed", "largest-removed")
_MEANS = ("rsa", "mutual-knn", "procrustes")
_WHY: Mapping[str, str] = {
    "rbf": "has the same features for most images",
    "first-removed": "has nothing beyond its first component",
    "largest-removed": "has nothing that images share without those that are largest",
    "rsa": "has an image whose features are all the same, which has no correlation",
}


@dataclass(frozen=True)
class _Layer:
    """One layer on one minibatch: float64 where it is defined."""

    standing: Standing
    centred_MM: Tensor  # HKH
    gram_MM: Tensor
    means_M: Tensor  # of the features of each image
    is_flat_M: Tensor  # whether they are all the same
    features: int

    @classmethod
    def of(cls, features_TM: Tensor) -> _Layer:
        """From features [T, M, …]. A power of two that brings them to ordinary size is taken out,
        to which all measures are blind.
        """
        steps: Steps = features_TM.unbind(0)
        if constant(steps):
            return cls._without(steps[0], standing_of(step[:1] for step in steps))
        upper = upper_gram(steps)
        if not ordinary(upper):
            if standing_of(steps) is Standing.BROKEN:
                return cls._without(steps[0], Standing.BROKEN)
            steps = at_unit_scale(steps)[0]
            upper = upper_gram(steps)
        gram = upper.double().triu()
        gram = gram + gram.triu(1).T
        gram = gram - gram.mean(0)
        centred = gram - gram.mean(1, keepdim=True)
        matrices = [rows(step) for step in steps]
        # the features are those less their mean, and the mean
        beside_M = torch.zeros_like(gram[0])
        for matrix in matrices:
            mean = matrix.mean(0, dtype=gram.dtype)
            beside_M += (matrix @ mean.to(matrix.dtype)).double() - mean.square().sum() / 2
        features = sum(matrix.shape[1] for matrix in matrices)
        sums = [matrix.sum(1, dtype=gram.dtype) for matrix in matrices]
        means_M = torch.stack(sums).sum(0) / features
        high_M = torch.stack([matrix.amax(1) for matrix in matrices]).amax(0)
        low_M = torch.stack([matrix.amin(1) for matrix in matrices]).amin(0)
        is_flat_M = high_M == low_M
        # what is 0 is so after all roundings
        some_M = ~(is_flat_M & (high_M == 0))
        raw = (centred + beside_M + beside_M[:, None]) * torch.outer(some_M, some_M)
        return cls(Standing.DEFINED, centred, raw, means_M, is_flat_M, features)

    @classmethod
    def _without(cls, features: Tensor, standing: Standing) -> _Layer:
        nothing = features.new_zeros(len(features), len(features), dtype=torch.float64)
        return cls(standing, nothing, nothing, nothing[0], nothing[0] == 0, 1)

    @property
    def shares_M(self) -> Tensor:
        """Of the squared distances to the mean image; 0 where the layer is undefined."""
        ends = self.centred_MM.diagonal()
        return ends / ends.sum() if self.standing is Standing.DEFINED else ends

    @cached_property
    def components(self) -> tuple[Tensor, Tensor]:
        """Eigenvalues [M] of HKH, ascending, none below 0, and the eigenvectors, [M, M]."""
        values, vectors = torch.linalg.eigh(self.centred_MM)
        return values.clamp(min=0), vectors

    @property
    def factor_MM(self) -> Tensor:
        """F with F·Fᵀ = HKH/tr(HKH)."""
        values, vectors = self.components
        return vectors * (values / values.sum().clamp(min=1e-300)).sqrt()


@checked
def similarities(
    network_y: Network,
    network_x: Network,
    batches: Batches | Pairs,
    layers: Sequence[str] | None = None,
    *,
    layers_x: Sequence[str] | None = None,
    neighbours: int = 10,
    sigma: float = 0.4,
    removed: float = 0.05,
) -> CkaMap:
    """Unbiased CKA of each layer of `network_y` with each of `network_x`, and in `also` of the map
    each of `SIMILARITIES`. Arguments as those of `cka_heatmap`; `neighbours` is k of `mutual-knn`,
    `sigma` that of `rbf`, `removed` the share of the images that `largest-removed` leaves out.

    Gram matrices of all layers are held at once, 16·M² bytes each; `procrustes` takes the
    eigenvalues of a matrix [M, M] for each pair. Raises HarnessError as `cka_heatmap` does, and
    where an image has no more than k neighbours.
    """
    calls = LayerCalls(network_y, layers), LayerCalls(network_x, layers_x or layers)
    sums = {name: HsicSums(("unbiased",), MEMORY_LIMIT) for name in _KERNELS}
    means: dict[str, list[Tensor]] = {name: [] for name in _MEANS}
    with torch.no_grad(), full_precision():
        for shown in minibatches(batches, (network_y, network_x)):
            if (images := shown[0].shape[-4]) < neighbours + 2:
                said = f"expected more than {neighbours + 1} images (got {images})"
                raise HarnessError("similarity minibatch", said, hint="or take fewer neighbours")
            y, x = (_layers(*side) for side in zip(calls, shown, strict=True))
            kept_M = _without_largest([*y, *x], removed)
            for name, one in sums.items():
                stream_y, stream_x = (
                    ready([_kernel(name, layer, kept_M, sigma) for layer in side])
                    for side in (y, x)
                )
                left = len(kept_M) if name == "largest-removed" else images
                one.add(stream_y, stream_x, left)
            means["rsa"].append(_products(_correlations, y, x))
            means["mutual-knn"].append(_products(partial(_neighbours, neighbours), y, x))
            means["procrustes"].append(_nuclear(y, x))
    names, axes = (calls[0].names, calls[1].names), axes_of(network_y, network_x)
    cka, *others = (one.result(*names, axes) for one in sums.values())
    found = dict(zip(_KERNELS[1:], others, strict=True))
    for name, each in means.items():
        found[name] = replace(cka, values=torch.stack(each).mean(0), se=None)
    return replace(cka, also={name: _with_reasons(name, found[name], cka) for name in SIMILARITIES})


def _with_reasons(name: str, found: CkaMap, cka: CkaMap) -> CkaMap:
    """What has no CKA has no other similarity; what else is undefined is so for a reason."""
    reasons = dict(cka.reasons)
    for y, x in found.values.isnan().nonzero().tolist():
        reasons.setdefault((y, x), f"{found.names_y[y]} or {found.names_x[x]} {_WHY[name]}")
    for place in reasons:
        found.values[place] = torch.nan
    return replace(found, reasons=reasons)


def _layers(calls: LayerCalls, images: Tensor) -> list[_Layer]:
    found: list[_Layer] = []
    calls.visit(images, lambda _, features_TM: found.append(_Layer.of(features_TM)))
    return found


def _without_largest(layers: Sequence[_Layer], share: float) -> Tensor:
    """Places of the images that are left, in order."""
    shares_M = torch.stack([layer.shares_M for layer in layers]).mean(0)
    left = len(shares_M) - math.ceil(share * len(shares_M))
    return shares_M.argsort(stable=True)[:left].sort().values


def _kernel(name: str, layer: _Layer, kept_M: Tensor, sigma: float) -> HsicVector:
    """Of a kernel matrix of one layer, for HSIC."""
    gram = layer.centred_MM
    if name == "rbf":
        gram = _of_distances(gram, sigma)
    elif name == "largest-removed":
        gram = gram[kept_M][:, kept_M]
    elif name == "first-removed":
        values, vectors = layer.components
        gram = gram - values[-1] * torch.outer(vectors[:, -1], vectors[:, -1])
        if values[:-1].sum() <= _ROUNDING * values[-1]:
            gram = torch.zeros_like(gram)
    if layer.standing is Standing.DEFINED:
        return packed(gram.float(), ("unbiased",))
    norm = torch.nan if layer.standing is Standing.BROKEN else 0.0
    return HsicVector(0.0 * _upper(gram).float(), norm, layer.standing, own={"unbiased": norm})


def _products(
    vector: Callable[[_Layer], Tensor], y: Sequence[_Layer], x: Sequence[_Layer]
) -> Tensor:
    """Of unit vectors of the layers, [L_y, L_x] on the CPU."""
    sides = (torch.stack([one / torch.linalg.vector_norm(one) for one in map(vector, side)])
             for side in (y, x))  # fmt: skip
    y_LP, x_LP = sides
    return (y_LP @ x_LP.T).cpu()


def _of_distances(centred_MM: Tensor, sigma: float) -> Tensor:
    """exp(−d²/(2·(σ·median of d)²)), 0 where more than half of the images are the same."""
    ends = centred_MM.diagonal()
    squares = (ends + ends[:, None] - 2 * centred_MM).clamp(min=0)
    middle = _upper(squares).median()
    return (-squares / (2 * sigma**2 * middle)).exp() if middle > 0 else torch.zeros_like(squares)


def _correlations(layer: _Layer) -> Tensor:
    """Ranks of the correlations of all pairs of images over features, less their mean; NaN where an
    image has none.
    """
    squares_MM = layer.gram_MM / layer.features
    covariances = squares_MM - torch.outer(layer.means_M, layer.means_M)
    variances_M = covariances.diagonal()
    ranks_P = _ranks(_upper(covariances / torch.outer(variances_M, variances_M).sqrt()))
    return torch.where(layer.is_flat_M.any(), torch.nan, ranks_P - ranks_P.mean())


def _ranks(values_P: Tensor) -> Tensor:
    """From 1 on; equal values have the mean of theirs."""
    ordered = values_P.sort().values
    below, up_to = (torch.searchsorted(ordered, values_P, right=end) for end in (False, True))
    return (below + up_to + 1).to(values_P.dtype) / 2


def _neighbours(count: int, layer: _Layer) -> Tensor:
    """Which images are among the nearest of which, 0 or 1, row by row; no image is its own."""
    norms_M = layer.gram_MM.diagonal().clamp(min=0).sqrt()
    cosines = layer.gram_MM / torch.outer(norms_M, norms_M).clamp(min=1e-300)
    nearest = cosines.fill_diagonal_(-torch.inf).topk(count, 1).indices
    return torch.zeros_like(cosines).scatter_(1, nearest, 1.0).flatten()


def _nuclear(y: Sequence[_Layer], x: Sequence[_Layer]) -> Tensor:
    """[L_y, L_x] on the CPU, from the squares of the singular values; nothing of worth where a
    layer is undefined.
    """
    of_y, of_x = ([layer.factor_MM for layer in side] for side in (y, x))
    found = [[_sum_of_roots(a.T @ b) for b in of_x] for a in of_y]
    return torch.tensor(found, dtype=torch.float64)


def _sum_of_roots(product_MM: Tensor) -> float:
    squares_M = torch.linalg.eigvalsh(product_MM.T @ product_MM)
    return float(squares_M.clamp(min=0).sqrt().sum())


def _upper(matrix_MM: Tensor) -> Tensor:
    return matrix_MM.flatten().index_select(0, upper_indices(len(matrix_MM), matrix_MM.device))
