"""Minibatch CKA (Nguyen et al. 2020) from features that are at hand.

Legend: M = images of the minibatch, L = layers.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from harness.engine.arguments import checked, tensor
from harness.engine.cka.hsic import Estimator
from harness.engine.cka.stream import stream_of
from harness.engine.cka.sums import MEMORY_LIMIT, CkaMap, HsicSums
from harness.errors import HarnessError


class MinibatchCKA:
    """CKA of every layer of `names_a` with every layer of `names_b`, from features that arrive in
    minibatches.

    CKA = ΣHSIC(K, L) / √(ΣHSIC(K, K)·ΣHSIC(L, L)), sums over the minibatches, each of which counts
    the same. Without `names_b` the layers are compared with each other (self-CKA), and each pair is
    computed once. "unbiased" is HSIC₁, whose expectation does not depend on the size of the
    minibatch; "biased" is HSIC₀, for comparison. One minibatch of all images is full-batch CKA.
    `memory_limit` is what the packed Gram matrices of one minibatch may take, in bytes; beyond it
    some are computed more than once. Raises HarnessError for an unknown estimator, or no names.
    """

    def __init__(
        self,
        names_a: Sequence[str],
        names_b: Sequence[str] | None = None,
        *,
        estimator: Estimator = "unbiased",
        memory_limit: int = MEMORY_LIMIT,
    ) -> None:
        self.names_a = tuple(names_a)
        self.names_b = self.names_a if names_b is None else tuple(names_b)
        for side, names in (("a", self.names_a), ("b", self.names_b)):
            if not names:
                raise HarnessError(f"CKA names_{side}", "there is no layer to compare")
        self._own = names_b is None
        self._sums = HsicSums(estimator, memory_limit)

    def update(
        self, features_a: Sequence[Tensor], features_b: Sequence[Tensor] | None = None
    ) -> None:
        """Add a minibatch: features [M, …] of each layer, in the order of the names; row i of all
        of them belongs to the same image.

        Raises HarnessError for features that do not fit the names or each other, and for fewer
        images than the estimator needs.
        """
        if self._own is not (features_b is None):
            expected = "only features_a" if self._own else "features_a and features_b"
            raise HarnessError("CKA update", f"expected {expected}, as names_a and names_b say")
        images = _images_of(features_a, self.names_a, "a")
        stream_a = stream_of([[feature] for feature in features_a], self._sums.estimator)
        if features_b is None:
            return self._sums.add(stream_a, None, images)
        if images != (other := _images_of(features_b, self.names_b, "b")):
            said = f"{images} images in features_a, {other} in features_b"
            raise HarnessError("CKA update", said, hint="both are of the same images")
        stream_b = stream_of([[feature] for feature in features_b], self._sums.estimator)
        return self._sums.add(stream_a, stream_b, images)

    def compute(self) -> Tensor:
        """The map [L_a, L_b], float64 on the CPU; NaN where `result` has a reason.

        Raises HarnessError before the first update.
        """
        return self.result().values

    def result(self) -> CkaMap:
        """The map with its names, and the reason for each value that is NaN."""
        return self._sums.result(self.names_a, self.names_b)


@checked
def cka(features_a: Tensor, features_b: Tensor, *, estimator: Estimator = "unbiased") -> float:
    """CKA of two layers' features [M, …] of the same images, all of them one batch; NaN where one
    of them has no CKA, such as a silent one.
    """
    both = MinibatchCKA(("a",), ("b",), estimator=estimator)
    both.update([features_a], [features_b])
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
