"""Minibatch CKA (Nguyen et al. 2020): sums of HSIC over minibatches, one division at the end.

Legend: M = images of the minibatch, L = layers, P = numbers of a packed Gram matrix.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from types import MappingProxyType
from typing import TypeVar

import torch
from torch import Tensor

from harness.engine.arguments import checked, tensor
from harness.engine.cka.gram import Standing
from harness.engine.cka.hsic import (
    FEWEST_IMAGES,
    Estimator,
    Estimators,
    Hsics,
    Own,
    packed_size,
    paired,
)
from harness.engine.cka.intervals import standard_error
from harness.engine.cka.result import CkaCurve, CkaMap
from harness.engine.cka.stream import Stream, counterparts_of, pairs_of, stream_of
from harness.engine.training.numerics import full_precision
from harness.errors import HarnessError

MEMORY_LIMIT = 4 * 2**30  # bytes of packed Gram matrices held at once

Sums = TypeVar("Sums")
Place = TypeVar("Place", int, tuple[int, int])
_BYTES = 4  # of a number of a packed Gram matrix


class HsicSums:
    """ΣHSIC(K, L), ΣHSIC(K, K) and ΣHSIC(L, L) over minibatches: for all pairs of layers, or with
    `counterparts` for those of equal place alone. Raises HarnessError for an unknown estimator, and
    where the first of several is the biased one.
    """

    def __init__(
        self, estimators: Estimators, memory_limit: int, *, counterparts: bool = False
    ) -> None:
        for estimator in estimators:
            if estimator not in FEWEST_IMAGES:
                *others, last = map(repr, FEWEST_IMAGES)
                known = f"{', '.join(others)} or {last}"
                raise HarnessError("CKA estimator", f"expected {known} (got {estimator!r})")
        if len(estimators) > 1 and estimators[0] == "biased":
            hint = "begin with 'unbiased': the biased one is made from it, but not it from that"
            raise HarnessError("CKA estimator", "there is no other beside 'biased'", hint=hint)
        self.estimators = tuple(dict.fromkeys(estimators))
        self.memory_limit = memory_limit
        self.images = 0
        self.minibatches = 0
        self._gone_through = counterparts_of if counterparts else pairs_of
        self._sums: Hsics | None = None

    def add(self, stream_y: Stream, stream_x: Stream | None, images: int) -> None:
        """Add a minibatch; without `stream_x` the layers of `stream_y` are compared to each other.

        Raises HarnessError for fewer images than the estimator needs.
        """
        first = self.estimators[0]
        fewest = FEWEST_IMAGES[first]
        if images < fewest:
            said = f"the {first} HSIC needs at least {fewest} images"
            hint = "leave out a last minibatch that is smaller: DataLoader(…, drop_last=True)"
            raise HarnessError("CKA minibatch", f"{said} (got {images})", hint=hint)
        room = max(2, self.memory_limit // (_BYTES * packed_size(images, first)))
        with torch.no_grad(), full_precision():
            found = self._gone_through(stream_y, stream_x, room)
        self._sums = found if self._sums is None else self._sums.plus(found)
        self.images += images
        self.minibatches += 1

    def result(
        self, names_y: Sequence[str], names_x: Sequence[str], axes: tuple[str, str]
    ) -> CkaMap:
        """The map under the first estimator, with those of the others, and of what its axes are;
        raises HarnessError before the first minibatch.
        """
        values_E = self._divided()
        made: list[CkaMap] = []
        for index, estimator in enumerate(self.estimators):
            why_y, why_x = self._undefined(index, names_y, names_x)
            pairs = product(enumerate(why_y), enumerate(why_x))
            reasons = _told(values_E[index], {(i, j): a or b for (i, a), (j, b) in pairs})
            said = (reasons, self.images, self.minibatches, estimator)
            made.append(CkaMap(values_E[index], tuple(names_y), tuple(names_x), *said, axes))
        also: dict[str, CkaMap] = {one.estimator: one for one in made[1:]}
        return replace(made[0], also=also, se=self._standard_error(made[0].values))

    def curve(self, names: Sequence[str]) -> CkaCurve:
        """The curve of `counterparts`; raises HarnessError before the first minibatch."""
        values, whys = self._divided()[0], self._undefined(0, names, names)
        counterparts = enumerate(zip(*whys, strict=True))
        reasons = _told(values, {place: a or b for place, (a, b) in counterparts})
        counts = (self.images, self.minibatches)
        se = self._standard_error(values)
        return CkaCurve(values, tuple(names), reasons, *counts, self.estimators[0], se)

    def _standard_error(self, values: Tensor) -> Tensor | None:
        moments = require_some(self._sums).moments
        return standard_error(values, moments) if len(moments) else None

    def _divided(self) -> Tensor:
        """cross / √(self_y·self_x), under each estimator."""
        cross, self_y, self_x = require_some(self._sums).balanced()
        if cross.ndim == 3:
            self_y, self_x = paired(self_y, self_x)
        return cross / (self_y * self_x).sqrt()

    def _undefined(
        self, index: int, names_y: Sequence[str], names_x: Sequence[str]
    ) -> tuple[list[str | None], list[str | None]]:
        """Why layers of each side are undefined under an estimator, where they are."""
        sums, how = require_some(self._sums), self.estimators[index]
        sides = (names_y, sums.y), (names_x, sums.x)
        y, x = (_undefined(names, own, own.hsic_EL[index], how) for names, own in sides)
        return y, x


def _told(values: Tensor, why: Mapping[Place, str | None]) -> dict[Place, str]:
    """The reasons that there are, by their place in `values`, which become NaN there."""
    reasons = {place: reason for place, reason in why.items() if reason is not None}
    for place in reasons:
        values[place] = torch.nan
    return reasons


def require_some(sums: Sums | None) -> Sums:
    """What was added up; raises HarnessError where there were no images."""
    if not sums:
        raise HarnessError("CKA", "there are no images: not one minibatch came")
    return sums


_WHY: Mapping[Standing, str] = MappingProxyType(
    {
        Standing.BROKEN: "has features that are NaN or infinite",
        Standing.SILENT: "is silent: all its features are 0, so CKA is 0/0",
        Standing.CONSTANT: (
            "has the same features for all images of a minibatch, so its HSIC with itself is 0 and "
            "CKA is 0/0"
        ),
        Standing.UNSHARED: (
            "shares no feature between images, or only what is the same for all, so its unbiased "
            "HSIC with itself is 0 and CKA is 0/0; the biased one is defined"
        ),
    }
)


_NOT_POSITIVE = (
    "has channels that share no more than chance, or only one, so its corrected HSIC with itself "
    "is not positive and CKA has no root; the unbiased one is defined"
)


_MADE_FROM_NONE = (
    "shares no feature between images, so that the biased HSIC is not had beside the unbiased one, "
    "but alone"
)


def _undefined(
    names: Sequence[str], own: Own, hsic_L: Tensor, estimator: Estimator
) -> list[str | None]:
    """Why no CKA with each of these layers exists; None where it does."""
    found: list[str | None] = []
    columns = (own.standing_L.tolist(), hsic_L.tolist())
    for name, number, hsic in zip(names, *columns, strict=True):
        why = _WHY.get(standing := Standing(number)) or (None if hsic > 0 else _NOT_POSITIVE)
        if standing is Standing.UNSHARED and estimator == "biased":
            why = _MADE_FROM_NONE
        found.append(why and f"layer {name!r} {why}")
    return found


class MinibatchCKA:
    """CKA of every layer of `names_y` with every layer of `names_x`, from features that arrive in
    minibatches.

    CKA = ΣHSIC(K, L) / √(ΣHSIC(K, K)·ΣHSIC(L, L)), sums over the minibatches, each of which counts
    the same. Without `names_x` the layers are compared with each other (self-CKA), and each pair is
    computed once. "unbiased" is HSIC₁, whose expectation does not depend on the size of the
    minibatch; "biased" is HSIC₀, for comparison, and "corrected" HSIC₁ corrected for finitely many
    channels, the second dimension of the features. One minibatch of all images is full-batch CKA.
    `memory_limit` is what the packed Gram matrices of one minibatch may take, in bytes; beyond it
    some are computed more than once. Raises HarnessError for an unknown estimator, or no names.
    """

    def __init__(
        self,
        names_y: Sequence[str],
        names_x: Sequence[str] | None = None,
        *,
        estimator: Estimator = "unbiased",
        memory_limit: int = MEMORY_LIMIT,
    ) -> None:
        self.names_y = tuple(names_y)
        self.names_x = self.names_y if names_x is None else tuple(names_x)
        for side, names in (("y", self.names_y), ("x", self.names_x)):
            if not names:
                raise HarnessError(f"CKA names_{side}", "there is no layer to compare")
        self._own = names_x is None
        self._sums = HsicSums((estimator,), memory_limit)

    def update(
        self, features_y: Sequence[Tensor], features_x: Sequence[Tensor] | None = None
    ) -> None:
        """Add a minibatch: features [M, …] of each layer, in the order of the names; row i of all
        of them belongs to the same image.

        Raises HarnessError for features that do not fit the names or each other, and for fewer
        images than the estimator needs.
        """
        if self._own is not (features_x is None):
            expected = "only features_y" if self._own else "features_y and features_x"
            raise HarnessError("CKA update", f"expected {expected}, as names_y and names_x say")
        images = _images_of(features_y, self.names_y, "y")
        stream_y = stream_of([[feature] for feature in features_y], *self._sums.estimators)
        if features_x is None:
            return self._sums.add(stream_y, None, images)
        if images != (other := _images_of(features_x, self.names_x, "x")):
            said = f"{images} images in features_y, {other} in features_x"
            raise HarnessError("CKA update", said, hint="both are of the same images")
        stream_x = stream_of([[feature] for feature in features_x], *self._sums.estimators)
        return self._sums.add(stream_y, stream_x, images)

    def compute(self) -> Tensor:
        """The map [L_y, L_x], float64 on the CPU; NaN where `result` has a reason.

        Raises HarnessError before the first update.
        """
        return self.result().values

    def result(self) -> CkaMap:
        """The map with its names, and the reason for each value that is NaN."""
        axes = ("layer of the first network", "layer of the second network")
        axes = ("layer", "layer") if self._own else axes
        return self._sums.result(self.names_y, self.names_x, axes)


@checked
def cka(features_y: Tensor, features_x: Tensor, *, estimator: Estimator = "unbiased") -> float:
    """CKA of two layers' features [M, …] of the same images, all of them one batch; NaN where one
    of them has no CKA, such as a silent one.
    """
    both = MinibatchCKA(("y",), ("x",), estimator=estimator)
    both.update([features_y], [features_x])
    return float(both.compute())


def _images_of(features: Sequence[Tensor], names: Sequence[str], side: str) -> int:
    where = f"CKA features_{side}"
    if len(features) != len(names):
        raise HarnessError(where, f"{len(names)} layers are named, {len(features)} came")
    for name, feature in zip(names, (tensor(where, one) for one in features), strict=True):
        if feature.ndim < 2 or not feature.numel() or len(feature) != len(features[0]):
            said = f"layer {name!r} is {list(feature.shape)}, the first {list(features[0].shape)}"
            hint = "features are [M, …]: one row per image, the same images in each layer"
            raise HarnessError(where, said, hint=hint)
    return len(features[0])
