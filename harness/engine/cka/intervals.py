"""How far CKA would move with other images, from the row sums of the centred Gram matrices.

With U-centred K̃, L̃ of m images and h_i = Σ_j K̃_ij·L̃_ij, HSIC₁ without image i is
[Σh − 2·h_i·(m − 2)/(m − 3)] / ((m − 1)(m − 4)), exactly: so deleting each image once costs no Gram
matrix. With X, Y, Z the sums of HSIC₁(K, L), (K, K), (L, L) over minibatches and θ = X/√(YZ), the
influence of an image is θ·(D^KL/X − ½·D^KK/Y − ½·D^LL/Z), D what its deletion changes, and
se² = Σ over minibatches (m − 1)/m·Σ_i (influence − its mean)² (Efron and Stein, Annals of
Statistics 9, 1981). The interval is that of atanh θ. What it says is about images, for these two
networks; it says nothing of other seeds.

Legend: M (m) = images of the minibatch, L = layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import torch
from torch import Tensor

from harness.engine.arguments import checked
from harness.engine.cka.calls import LayerCalls
from harness.engine.cka.gram import upper_gram
from harness.engine.cka.sums import require_some
from harness.engine.cka.sweep import Batches, Pairs, minibatches
from harness.engine.networks import Network
from harness.engine.training.numerics import full_precision
from harness.errors import HarnessError

FEWEST = 5  # images of a minibatch: one is left out, and HSIC₁ needs four
_IMAGES = 32  # at once


@dataclass(frozen=True)
class CkaIntervals:
    """Unbiased CKA of each layer of one network with each of another, and where it lies over
    images: float64 on the CPU, [L_y, L_x], NaN where a layer has no CKA.
    """

    values: Tensor
    low: Tensor
    high: Tensor
    names_y: tuple[str, ...]
    names_x: tuple[str, ...]
    level: float  # share of sets of images whose interval covers


@dataclass(frozen=True)
class _Moments:
    """Of one minibatch, or of several added up: HSIC₁, and the centred second moments of what the
    deletion of an image changes, of pairs KL and of layers with themselves, K and L.
    """

    kl: Tensor  # [L_y, L_x], as all that name both
    k: Tensor  # [L_y]
    l: Tensor  # noqa: E741 - [L_x]
    kl_kl: Tensor
    kl_k: Tensor
    kl_l: Tensor
    k_l: Tensor
    k_k: Tensor
    l_l: Tensor

    def plus(self, other: _Moments) -> _Moments:
        """Of both."""
        return _Moments(*(getattr(self, n) + getattr(other, n) for n in self.__dataclass_fields__))


@checked
@torch.no_grad()
def cka_intervals(
    network_y: Network,
    network_x: Network,
    batches: Batches | Pairs,
    layers: Sequence[str] | None = None,
    *,
    layers_x: Sequence[str] | None = None,
    level: float = 0.95,
) -> CkaIntervals:
    """Arguments as those of `cka_heatmap`; the Gram matrices of a minibatch, 4·M² bytes a layer,
    are held at once. Raises HarnessError for minibatches of fewer than 5 images.
    """
    calls = LayerCalls(network_y, layers), LayerCalls(network_x, layers_x or layers)
    found: _Moments | None = None
    with full_precision():
        for shown in minibatches(batches, (network_y, network_x)):
            if (images := shown[0].shape[-4]) < FEWEST:
                said = f"an interval over images needs at least {FEWEST} (got {images})"
                raise HarnessError("CKA minibatch", said)
            y, x = (_centred_grams(*side) for side in zip(calls, shown, strict=True))
            here = _moments(y, x)
            found = here if found is None else found.plus(here)
    values, low, high = _interval(require_some(found), level)
    return CkaIntervals(values, low, high, calls[0].names, calls[1].names, level)


def _centred_grams(calls: LayerCalls, images: Tensor) -> Tensor:
    """U-centred Gram matrices of all layers, [L, M, M], of features that float32 holds squared."""
    found: list[Tensor] = []

    def take(name: str, features_TM: Tensor) -> None:
        upper = upper_gram(features_TM.unbind(0)).triu(1).double()
        gram = upper + upper.T
        size = len(gram)
        rows = gram.sum(1) / (size - 2)
        gram -= rows[:, None] + rows - rows.sum() / (size - 1)
        found.append(gram.fill_diagonal_(0.0).float())

    calls.visit(images, take)
    return torch.stack(found)


def _moments(y_LMM: Tensor, x_LMM: Tensor) -> _Moments:
    """Of one minibatch."""
    images = y_LMM.shape[-1]
    own_y_ML, own_x_ML = (one.square().sum(2, dtype=torch.float64).T for one in (y_LMM, x_LMM))
    # what the deletion of an image changes is −slope·h_i and the same for all images
    slope = 2 * (images - 2) / ((images - 3) * (images - 1) * (images - 4))
    weight = (images - 1) / images * slope**2
    parts = zip(*(torch.split(one, _IMAGES, 1) for one in (y_LMM, x_LMM)), strict=True)
    # h_i of all pairs at once, for each image
    pairs_MLL = torch.cat([(y.transpose(0, 1) @ x.permute(1, 2, 0)).double() for y, x in parts])
    sums = (pairs_MLL, own_y_ML, own_x_ML)
    kl, k, l = (one.sum(0) / (images * (images - 3)) for one in sums)  # noqa: E741
    pairs, own_y, own_x = (one - one.mean(0) for one in sums)
    moments = (
        pairs.square().sum(0),
        (pairs * own_y[:, :, None]).sum(0),
        (pairs * own_x[:, None, :]).sum(0),
        own_y.T @ own_x,
        own_y.square().sum(0),
        own_x.square().sum(0),
    )
    return _Moments(kl.cpu(), k.cpu(), l.cpu(), *(weight * one.cpu() for one in moments))


def _interval(of: _Moments, level: float) -> tuple[Tensor, Tensor, Tensor]:
    """CKA and the ends of its interval."""
    x, y, z = of.kl, of.k[:, None], of.l[None, :]
    values = x / (y * z).sqrt()
    # θ/X = 1/√(YZ), which is no 0/0 where X is 0
    root, half = 1 / (y * z).sqrt(), values / 2
    variance = (
        root.square() * of.kl_kl
        + half.square() * (of.k_k[:, None] / y**2 + of.l_l[None, :] / z**2 + 2 * of.k_l / (y * z))
        - 2 * root * half * (of.kl_k / y + of.kl_l / z)
    )
    spread = NormalDist().inv_cdf((1 + level) / 2) * variance.clamp(min=0).sqrt()
    inside = values.clamp(-1, 1)
    middle, width = inside.atanh(), spread / (1 - inside.square())
    exact = inside.abs() >= 1 - 1e-7  # a layer with itself
    low, high = (torch.where(exact, inside, (middle + s * width).tanh()) for s in (-1, 1))
    return values, low, high
