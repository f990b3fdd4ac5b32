"""CKA of two layers given the pixels: how alike they are beyond what both have from the images.

With r the unbiased CKA, the cosine of U-centred Gram matrices,
(r_xy − r_xz·r_yz)/√((1 − r_xz²)·(1 − r_yz²)) is the partial correlation of two of them given a
third (Székely and Rizzo, Annals of Statistics 42, 2014): what the similarity of the pixels predicts
is taken out of both, as in Cui et al. 2022 (arXiv 2202.00095). It may be below 0.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Final, Literal

import torch

from harness.engine.cka.hsic import Estimator
from harness.engine.cka.result import CkaMap

GIVEN_PIXELS: Final = "given-pixels"
Estimate = Estimator | Literal["given-pixels"]

_LEAST = 1e-5  # of 1 − r²: with less, roundings of float32 are what is left of a layer


def without_pixels(found: CkaMap) -> CkaMap:
    """A map whose first row and column are the pixels without them, and beside it as `also` the
    same map given the pixels.
    """
    others = {name: _inner(one) for name, one in found.also.items()}
    return replace(_inner(found), also={**others, GIVEN_PIXELS: _given(found)})


def _inner(found: CkaMap) -> CkaMap:
    return replace(
        found,
        values=found.values[1:, 1:],
        names_y=found.names_y[1:],
        names_x=found.names_x[1:],
        reasons={(y - 1, x - 1): why for (y, x), why in found.reasons.items() if y and x},
        also={},
        se=None if found.se is None else found.se[1:, 1:],
    )


def _given(found: CkaMap) -> CkaMap:
    inner = _inner(found)
    of_y, of_x = found.values[1:, 0], found.values[0, 1:]  # each layer with the pixels
    left_y, left_x = 1 - of_y.square(), 1 - of_x.square()
    values = (inner.values - torch.outer(of_y, of_x)) / torch.outer(left_y, left_x).sqrt()
    reasons = dict(inner.reasons)
    for (i, y), (j, x) in product(enumerate(left_y.tolist()), enumerate(left_x.tolist())):
        if (y > _LEAST and x > _LEAST) or (i, j) in reasons:
            continue
        name = inner.names_x[j] if y > _LEAST else inner.names_y[i]
        alone = found.reasons.get((0, 0))
        reasons[i, j] = alone or f"layer {name!r} has nothing beyond the pixels, so it is 0/0"
        values[i, j] = torch.nan
    return replace(inner, values=values, reasons=reasons, se=None)
