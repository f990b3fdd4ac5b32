"""Features of any size as features of ordinary size, and what is wrong with those that have none.

A Gram matrix squares the features, so in float32 those of 1e19 overflow and those of 1e-22 lose
their digits. A power of two takes the size out without rounding anything.

Legend: M = images of the minibatch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum
from types import MappingProxyType

import torch
from torch import Tensor

from harness.engine.cka.features import Steps, rows


class Standing(IntEnum):
    """What a layer's features are worth to CKA; over several minibatches the largest one counts."""

    SILENT = 0  # all of them are 0
    CONSTANT = 1  # the same for every image
    UNSHARED = 2  # of a Gram matrix that centring empties
    DEFINED = 3
    BROKEN = 4  # NaN or infinite


_ORDINARY: Mapping[torch.dtype, tuple[float, float]] = MappingProxyType(
    {torch.float32: (2.0**-60, 2.0**100), torch.float64: (2.0**-400, 2.0**400)}
)
"""Between which the largest number on the diagonal of a Gram matrix leaves room: below for the
products of features far smaller than the largest, above for the sums."""


def ordinary(gram_MM: Tensor) -> bool:
    """Whether a Gram matrix is free of overflow and underflow; never if it is 0 or NaN."""
    low, high = _ORDINARY[gram_MM.dtype]
    return low <= float(gram_MM.diagonal().max()) <= high


def standing_of(same: Iterable[Tensor]) -> Standing:
    """Of features that are the same for every image; of others only whether they are `BROKEN`."""
    found = Standing.SILENT
    for step in same:
        if not step.isfinite().all():
            return Standing.BROKEN
        if step.any():
            found = Standing.CONSTANT
    return found


def at_unit_scale(steps: Steps) -> tuple[Steps, int]:
    """Finite features divided by 2^exponent, so that the one that varies most does so by 1 to 2.

    A feature too large for its dtype then is the same for every image, or its last digit would
    vary by more, and counts for nothing: it becomes 0.
    """
    widest = max(float(_range(step)) for step in steps)
    exponent = int(torch.frexp(torch.tensor(widest, dtype=torch.float64)).exponent) - 1
    dtype = torch.promote_types(steps[0].dtype, torch.float32)
    largest = 4 / torch.finfo(dtype).eps
    first = -exponent // 2  # two factors, since 2^1074 is none
    second = -exponent - first
    scaled = (step.double() * 2.0**first * 2.0**second for step in steps)
    return [step.masked_fill(step.abs() > largest, 0.0).to(dtype) for step in scaled], exponent


def _range(step: Tensor) -> Tensor:
    low, high = rows(step).double().aminmax(dim=0)
    return (high / 2 - low / 2).max() * 2
