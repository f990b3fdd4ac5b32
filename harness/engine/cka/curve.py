"""Sums of HSIC of each layer with its counterpart only: one value per layer.

Legend: L = layers, P = numbers of a packed Gram matrix.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from harness.engine.cka.estimator import Estimator, HsicVector
from harness.engine.cka.hsics import Hsics, Own
from harness.engine.cka.precision import full_precision
from harness.engine.cka.result import CkaCurve, undefined
from harness.engine.cka.stream import Stream
from harness.engine.cka.sums import HsicSums, layers_within, require_images, require_some


class CurveSums:
    """ΣHSIC(K, L), ΣHSIC(K, K) and ΣHSIC(L, L) over minibatches, for pairs of equal place."""

    def __init__(self, estimator: Estimator, memory_limit: int) -> None:
        checked = HsicSums(estimator, memory_limit)
        self.estimator = checked.estimator
        self.memory_limit = memory_limit
        self.images = 0
        self.minibatches = 0
        self._sums: Hsics | None = None

    def add(self, stream_a: Stream, stream_b: Stream, images: int) -> None:
        """Add a minibatch of two streams of equally many layers.

        Raises HarnessError for fewer images than the estimator needs.
        """
        require_images(images, self.estimator)
        group = layers_within(self.memory_limit, images, self.estimator) - 1
        found: list[Hsics] = []
        with torch.no_grad(), full_precision():
            start, layers = 0, 1
            while start < layers:
                held: list[HsicVector] = []
                layers = stream_a(start, start + group, held.append)
                held.reverse()
                stream_b(start, start + group, lambda b: found.append(_hsics(held.pop(), b)))  # noqa: B023
                start += group
        here = Hsics(
            torch.cat([one.cross for one in found]),
            Own.joined([one.a for one in found]),
            Own.joined([one.b for one in found]),
        )
        self._sums = here if self._sums is None else self._sums.plus(here)
        self.images += images
        self.minibatches += 1

    def result(self, names: Sequence[str]) -> CkaCurve:
        """The curve; raises HarnessError before the first minibatch."""
        sums = require_some(self._sums)
        cross, self_a, self_b = sums.balanced()
        values = cross / (self_a * self_b).sqrt()
        why = zip(undefined(names, sums.a), undefined(names, sums.b), strict=True)
        reasons = {
            place: found for place, (a, b) in enumerate(why) if (found := a or b) is not None
        }
        for place in reasons:
            values[place] = torch.nan
        said = (self.images, self.minibatches, self.estimator)
        return CkaCurve(values, tuple(names), reasons, *said)


def _hsics(a: HsicVector, b: HsicVector) -> Hsics:
    cosine = float((a.unit_P * b.unit_P).sum(dtype=torch.float64))
    cross = torch.tensor([a.norm * b.norm * cosine], dtype=torch.float64)
    return Hsics(cross, Own.of([a]), Own.of([b]))
