"""Sums of HSIC over minibatches, the one division at the end, and what comes of it: a map or a
curve.

Legend: M = images of the minibatch, L = layers, P = numbers of a packed Gram matrix.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType
from typing import TypeVar

import torch
from torch import Tensor

from harness.engine.cka.gram import Standing
from harness.engine.cka.hsic import FEWEST_IMAGES, Estimator, Hsics, Own, packed_size
from harness.engine.cka.stream import Stream, counterparts_of, pairs_of
from harness.engine.training.numerics import full_precision
from harness.errors import HarnessError

MEMORY_LIMIT = 4 * 2**30  # bytes of packed Gram matrices held at once

Sums = TypeVar("Sums")
Place = TypeVar("Place", int, tuple[int, int])
_BYTES = 4  # of a number of a packed Gram matrix


@dataclass(frozen=True)
class CkaMap:
    """CKA of each layer of one network with each layer of another (paper Fig. 2)."""

    values: Tensor  # [L_y, L_x] float64 on the CPU, NaN where undefined
    names_y: tuple[str, ...]
    names_x: tuple[str, ...]
    reasons: Mapping[tuple[int, int], str]  # why a value is NaN, for each that is
    images: int
    minibatches: int
    estimator: Estimator


@dataclass(frozen=True)
class CkaCurve:
    """One CKA per layer, such as clean against attacked images (paper Fig. 8)."""

    values: Tensor  # [L] float64 on the CPU, NaN where undefined
    names: tuple[str, ...]
    reasons: Mapping[int, str]
    images: int
    minibatches: int
    estimator: Estimator


class HsicSums:
    """ΣHSIC(K, L), ΣHSIC(K, K) and ΣHSIC(L, L) over minibatches: for all pairs of layers, or with
    `counterparts` for those of equal place alone. Raises HarnessError for an unknown estimator.
    """

    def __init__(
        self, estimator: Estimator, memory_limit: int, *, counterparts: bool = False
    ) -> None:
        if estimator not in FEWEST_IMAGES:
            known = " or ".join(repr(name) for name in FEWEST_IMAGES)
            raise HarnessError("CKA estimator", f"expected {known} (got {estimator!r})")
        self.estimator: Estimator = estimator
        self.memory_limit = memory_limit
        self.images = 0
        self.minibatches = 0
        self._gone_through = counterparts_of if counterparts else pairs_of
        self._sums: Hsics | None = None

    def add(self, stream_y: Stream, stream_x: Stream | None, images: int) -> None:
        """Add a minibatch; without `stream_x` the layers of `stream_y` are compared to each other.

        Raises HarnessError for fewer images than the estimator needs.
        """
        fewest = FEWEST_IMAGES[self.estimator]
        if images < fewest:
            said = f"the {self.estimator} HSIC needs at least {fewest} images"
            hint = "leave out a last minibatch that is smaller: DataLoader(…, drop_last=True)"
            raise HarnessError("CKA minibatch", f"{said} (got {images})", hint=hint)
        room = max(2, self.memory_limit // (_BYTES * packed_size(images, self.estimator)))
        with torch.no_grad(), full_precision():
            found = self._gone_through(stream_y, stream_x, room)
        self._sums = found if self._sums is None else self._sums.plus(found)
        self.images += images
        self.minibatches += 1

    def result(self, names_y: Sequence[str], names_x: Sequence[str]) -> CkaMap:
        """The map; raises HarnessError before the first minibatch."""
        values, why_y, why_x = self._divided(names_y, names_x)
        pairs = product(enumerate(why_y), enumerate(why_x))
        reasons = _told(values, (((i, j), a or b) for (i, a), (j, b) in pairs))
        said = (reasons, self.images, self.minibatches, self.estimator)
        return CkaMap(values, tuple(names_y), tuple(names_x), *said)

    def curve(self, names: Sequence[str]) -> CkaCurve:
        """The curve of `counterparts`; raises HarnessError before the first minibatch."""
        values, why_y, why_x = self._divided(names, names)
        counterparts = zip(why_y, why_x, strict=True)
        reasons = _told(values, ((place, a or b) for place, (a, b) in enumerate(counterparts)))
        said = (reasons, self.images, self.minibatches, self.estimator)
        return CkaCurve(values, tuple(names), *said)

    def _divided(
        self, names_y: Sequence[str], names_x: Sequence[str]
    ) -> tuple[Tensor, list[str | None], list[str | None]]:
        """cross / √(self_y·self_x), and why layers of each side are undefined, where they are."""
        sums = require_some(self._sums)
        cross, self_y, self_x = sums.balanced()
        values = cross / ((self_y.unsqueeze(1) if cross.ndim == 2 else self_y) * self_x).sqrt()
        return values, _undefined(names_y, sums.y), _undefined(names_x, sums.x)


def _told(values: Tensor, why: Iterable[tuple[Place, str | None]]) -> dict[Place, str]:
    """The reasons that there are, by their place in `values`, which become NaN there."""
    reasons = {place: reason for place, reason in why if reason is not None}
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


def _undefined(names: Sequence[str], own: Own) -> list[str | None]:
    """Why no CKA with each of these layers exists; None where it does."""
    return [
        None if (why := _WHY.get(Standing(number))) is None else f"layer {name!r} {why}"
        for name, number in zip(names, own.standing_L.tolist(), strict=True)
    ]
