"""The two ways to fit a linear map: ridge regression in closed form, float64, and minibatch SGD, as
the lab fitted it.

Legend: M = images, D = features that predict, K = features that are predicted.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from harness.engine.arguments import checked
from harness.engine.regression.moments import Fitted, LinearMap, Moments, moments_bytes, still
from harness.engine.regression.pairs import Pairs
from harness.errors import HarnessError
from harness.parts.regressions import DescentFit, RidgeFit

_GIB = 1024**3
MEMORY_LIMIT = 6 * _GIB  # bytes of a fit; the lab's 16,384 features of 8,000 images need 5.4 GiB
_FLOAT32, _FLOAT64 = 4, 8  # bytes


@checked
def ridge(
    x_MD: Tensor, y_MK: Tensor, *, alpha: float = 0.0, memory_limit: int = MEMORY_LIMIT
) -> LinearMap:
    """The map that minimises Σ‖y − W·x − b‖² + α‖W‖² over all images; b is not penalised.

    W = (XᵀX + αI)⁻¹XᵀY with X, Y centred, or, where there are fewer images than features,
    W = Xᵀ(XXᵀ + αI)⁻¹Y, the same on the smaller side (Hastie, Tibshirani and Friedman, The Elements
    of Statistical Learning, eq. 3.44 and section 18.3.5). α = 0 gives least squares, of several
    solutions the one of least norm. Raises HarnessError where `gram_bytes` or
    `normal_equation_bytes` are over `memory_limit`.
    """
    _check_alpha(alpha)
    images, features = x_MD.shape
    if features <= images:
        fit_in(normal_equation_bytes(features, y_MK.shape[1]), memory_limit)
        moments = Moments(features, y_MK.shape[1], device=x_MD.device)
        moments.update(x_MD, y_MK)
        return ridge_of(moments, alpha=alpha)
    fit_in(gram_bytes(images, features, y_MK.shape[1]), memory_limit)
    x, mean_x_D = _centred(x_MD)
    y, mean_y_K = _centred(y_MK)
    weight_DK = x.T @ _solve(x @ x.T, y, alpha)
    return LinearMap.through(weight_DK, mean_x_D, mean_y_K)


def ridge_of(moments: Moments, *, alpha: float = 0.0) -> LinearMap:
    """The same from streamed moments: the normal equations (XᵀX + αI)·W = XᵀY."""
    _check_alpha(alpha)
    if not moments.count:
        raise HarnessError("regression", "no images were added")
    moments.settle()
    weight_DK = _solve(moments.scatter_DD, moments.cross_DK, alpha)
    return LinearMap.through(weight_DK, moments.mean_x_D, moments.mean_y_K)


def gram_bytes(images: int, features_x: int, features_y: int) -> int:
    """Memory of a fit on the images' side: Gram and its factor, the features as they came and in
    float64, the weights.
    """
    features = (_FLOAT32 + _FLOAT64) * images * (features_x + features_y)
    return _FLOAT64 * (2 * images * images + features_x * features_y) + features


def normal_equation_bytes(features_x: int, features_y: int) -> int:
    """Memory of a fit on the features' side: moments, a regular copy, its factor, the weights."""
    kept = moments_bytes(features_x, features_y)
    return kept + _FLOAT64 * features_x * (2 * features_x + features_y)


def fit_in(wanted: int, memory_limit: int) -> None:
    """Raise HarnessError where matrices of `wanted` bytes are over the limit."""
    if wanted > memory_limit:
        raise HarnessError(
            "regression memory",
            f"{wanted / _GIB:.2f} GiB of matrices, the limit is {memory_limit / _GIB:.2f} GiB",
            hint="pool the features, raise the limit, or fit by SGD",
        )


def _solve(gram: Tensor, right: Tensor, alpha: float) -> Tensor:
    """(gram + αI)⁻¹·right; where that is singular, by the pseudo-inverse.

    Silent neurons make singular matrices, and a Cholesky factor of one that is singular up to
    rounding is noise, so without α the eigenvalues are looked at.
    """
    if alpha > 0:
        regular = gram.clone()
        regular.diagonal().add_(alpha)
        factor, failed = torch.linalg.cholesky_ex(regular)
        if not failed:
            return torch.cholesky_solve(right, factor)
    value, vector = torch.linalg.eigh(gram)
    cutoff = value.abs().max() * len(gram) * torch.finfo(gram.dtype).eps
    inverse = torch.where(value > cutoff, 1 / (value + alpha), torch.zeros_like(value))
    solution: Tensor = vector @ (inverse[:, None] * (vector.T @ right))
    return solution


def _centred(features: Tensor) -> tuple[Tensor, Tensor]:
    """A float64 copy about its mean, and the mean."""
    wide = features.to(torch.float64, copy=True)
    mean = wide.mean(0)
    eps = torch.finfo(features.dtype).eps if features.is_floating_point() else 0.0
    length = torch.linalg.vector_norm(wide.sub_(mean), dim=0)
    wide[:, still(length.square(), mean, len(wide), eps)] = 0.0
    return wide, mean


def _check_alpha(alpha: float) -> None:
    if not 0 <= alpha < math.inf:
        raise HarnessError("regression alpha", f"must be 0 or more (got {alpha})")


def by_ridge(fit: RidgeFit, train: Pairs) -> Fitted:
    """The exact map, in float64, on the smaller side. With fewer images than features that is the
    Gram matrix of the images, with the features of all of them held, where both fit in memory
    (`gram_bytes`); else streamed normal equations (`normal_equation_bytes`), and HarnessError where
    those do not fit either.
    """
    limit = round(fit.memory_gib * _GIB)
    first_x, first_y = next(iter(train.in_order()))
    features_x, features_y = first_x.shape[1], first_y.shape[1]
    held = gram_bytes(train.images, features_x, features_y)
    if train.images < features_x and held <= limit:
        x, y = (torch.cat(side) for side in zip(*train.in_order(), strict=True))
        return Fitted(ridge(x, y, alpha=fit.alpha, memory_limit=limit), "gram")
    fit_in(normal_equation_bytes(features_x, features_y), limit)
    moments = Moments(features_x, features_y, device=first_x.device)
    for x, y in train.in_order():
        moments.update(x, y)
    return Fitted(ridge_of(moments, alpha=fit.alpha), "normal equations")


def by_descent(descent: DescentFit, train: Pairs, seed: int) -> Fitted:
    """The map after all epochs, from 0: it needs D·K numbers alone and stops short of the optimum.

    The loss is ½ of the mean over images of ‖y − W·x − b‖², so targets do not slow each other down
    as they would in their mean. Features and targets are taken about their means over the train
    images; then b follows from W. The gradient of a batch is Xᵀ(X·W − Y)/M.
    """
    sides: list[Moments] = []
    for pair in train.in_order():
        sides = sides or [Moments(0, one.shape[1], device=one.device) for one in pair]
        for moments, side in zip(sides, pair, strict=True):
            moments.update(side[:, :0], side)
    x, y = sides
    x.settle()
    spread = float(x.spread_K.sum() / x.count)
    peak = descent.relative_lr / spread if spread > 0 else 0.0
    steps, done, losses = descent.epochs * -(-train.images // descent.batch), 0, []
    weight_DK = torch.zeros(len(x.mean_y_K), len(y.mean_y_K), device=x.mean_y_K.device)
    velocity_DK, wide = torch.zeros_like(weight_DK), weight_DK.dtype  # torch's default
    for epoch in range(descent.epochs):
        squares = torch.zeros((), dtype=torch.float64, device=weight_DK.device)  # of errors
        for x_MD, y_MK in train.shuffled(seed, epoch, descent.batch):
            centred_MD = x_MD.to(wide) - x.mean_y_K.to(wide)
            residual_MK = centred_MD @ weight_DK - (y_MK.to(wide) - y.mean_y_K.to(wide))
            velocity_DK.mul_(descent.momentum).add_(centred_MD.T @ residual_MK / len(x_MD))
            weight_DK -= peak * (1 + math.cos(math.pi * done / steps)) / 2 * velocity_DK
            squares += residual_MK.double().square().sum()  # before the step
            done += 1
        losses.append(float(squares) / (train.images * len(y.mean_y_K)))
    found = LinearMap.through(weight_DK.double(), x.mean_y_K, y.mean_y_K)
    return Fitted(found, "sgd", tuple(losses))
