"""Sums of HSIC over minibatches, and the one division at the end.

Legend: M = images of the minibatch, L = layers, P = numbers of a packed Gram matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import torch

from harness.engine.cka.estimator import FEWEST_IMAGES, Estimator, packed_size
from harness.engine.cka.hsics import Hsics
from harness.engine.cka.precision import full_precision
from harness.engine.cka.result import CkaMap, divided
from harness.engine.cka.stream import Stream, pairs_of
from harness.errors import HarnessError

MEMORY_LIMIT = 4 * 2**30  # bytes of packed Gram matrices held at once

Sums = TypeVar("Sums")
_BYTES = 4  # of a number of a packed Gram matrix


class HsicSums:
    """ΣHSIC(K, L), ΣHSIC(K, K) and ΣHSIC(L, L) over minibatches, for all pairs of layers."""

    def __init__(self, estimator: Estimator, memory_limit: int) -> None:
        if estimator not in FEWEST_IMAGES:
            known = " or ".join(repr(name) for name in FEWEST_IMAGES)
            raise HarnessError("CKA estimator", f"expected {known} (got {estimator!r})")
        self.estimator: Estimator = estimator
        self.memory_limit = memory_limit
        self.images = 0
        self.minibatches = 0
        self._sums: Hsics | None = None

    def add(self, stream_a: Stream, stream_b: Stream | None, images: int) -> None:
        """Add a minibatch; without `stream_b` the layers of `stream_a` are compared to each other.

        Raises HarnessError for fewer images than the estimator needs.
        """
        require_images(images, self.estimator)
        room = layers_within(self.memory_limit, images, self.estimator)
        with torch.no_grad(), full_precision():
            found = pairs_of(stream_a, stream_b, room)
        self._sums = found if self._sums is None else self._sums.plus(found)
        self.images += images
        self.minibatches += 1

    def result(self, names_a: Sequence[str], names_b: Sequence[str]) -> CkaMap:
        """The map; raises HarnessError before the first minibatch."""
        values, reasons = divided(require_some(self._sums), names_a, names_b)
        names = (tuple(names_a), tuple(names_b))
        return CkaMap(values, *names, reasons, self.images, self.minibatches, self.estimator)


def require_some(sums: Sums | None) -> Sums:
    """What was added up; raises HarnessError where there were no images."""
    if not sums:
        raise HarnessError("CKA", "there are no images: not one minibatch came")
    return sums


def require_images(images: int, estimator: Estimator) -> None:
    """Raise HarnessError for a minibatch too small for the estimator."""
    if images < FEWEST_IMAGES[estimator]:
        said = f"the {estimator} HSIC needs at least {FEWEST_IMAGES[estimator]} images"
        hint = "leave out a last minibatch that is smaller: DataLoader(…, drop_last=True)"
        raise HarnessError("CKA minibatch", f"{said} (got {images})", hint=hint)


def layers_within(memory_limit: int, images: int, estimator: Estimator) -> int:
    """How many packed Gram matrices of a minibatch fit into the limit, 2 at least."""
    return max(2, memory_limit // (_BYTES * packed_size(images, estimator)))
