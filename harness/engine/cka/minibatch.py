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
    """CKA of every layer of `names_y` with every layer of `names_x`, from features that arrive in
    minibatches.

    CKA = ΣHSIC(K, L) / √(ΣHSIC(K, K)·ΣHSIC(L, L)), sums over the minibatches, each of which counts
    the same. Without `names_x` the layers are compared with each other (self-CKA), and each pair is
    computed once. "unbiased" is HSIC₁, whose expectation does not depend on the size of the
    minibatch; "biased" is HSIC₀, for comparison. One minibatch of all images is full-batch CKA.
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
        for side, names in (("a", self.names_y), ("b", self.names_x)):
            if not names:
                raise HarnessError(f"CKA names_{side}", "there is no layer to compare")
        self._own = names_x is None
        self._sums = HsicSums(estimator, memory_limit)

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
        images = _images_of(features_y, self.names_y, "a")
        stream_y = stream_of([[feature] for feature in features_y], self._sums.estimator)
        if features_x is None:
            return self._sums.add(stream_y, None, images)
        if images != (other := _images_of(features_x, self.names_x, "b")):
            said = f"{images} images in features_y, {other} in features_x"
            raise HarnessError("CKA update", said, hint="both are of the same images")
        stream_x = stream_of([[feature] for feature in features_x], self._sums.estimator)
        return self._sums.add(stream_y, stream_x, images)

    def compute(self) -> Tensor:
        """The map [L_y, L_x], float64 on the CPU; NaN where `result` has a reason.

        Raises HarnessError before the first update.
        """
        return self.result().values

    def result(self) -> CkaMap:
        """The map with its names, and the reason for each value that is NaN."""
        return self._sums.result(self.names_y, self.names_x)


@checked
def cka(features_y: Tensor, features_x: Tensor, *, estimator: Estimator = "unbiased") -> float:
    """CKA of two layers' features [M, …] of the same images, all of them one batch; NaN where one
    of them has no CKA, such as a silent one.
    """
    both = MinibatchCKA(("a",), ("b",), estimator=estimator)
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
