"""What CKA gives: a map or a curve, and why a value of it is undefined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from harness.engine.cka.estimator import Estimator
from harness.engine.cka.hsics import Hsics, Own
from harness.engine.cka.scale import Standing


@dataclass(frozen=True)
class CkaMap:
    """CKA of each layer of one network with each layer of another (paper Fig. 2)."""

    values: Tensor  # [L_a, L_b] float64 on the CPU, NaN where undefined
    names_a: tuple[str, ...]
    names_b: tuple[str, ...]
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


def undefined(names: Sequence[str], own: Own) -> list[str | None]:
    """Why no CKA with each of these layers exists; None where it does."""
    return [
        None if (why := _WHY.get(Standing(number))) is None else f"layer {name!r} {why}"
        for name, number in zip(names, own.standing_L.tolist(), strict=True)
    ]


def divided(
    sums: Hsics, names_a: Sequence[str], names_b: Sequence[str]
) -> tuple[Tensor, dict[tuple[int, int], str]]:
    """cross / √(self_a·self_b), [L_a, L_b], NaN where a layer is undefined, and the reasons."""
    cross, self_a, self_b = sums.balanced()
    values = cross / (self_a.unsqueeze(1) * self_b).sqrt()
    reasons = {
        (i, j): why
        for i, reason_a in enumerate(undefined(names_a, sums.a))
        for j, reason_b in enumerate(undefined(names_b, sums.b))
        if (why := reason_a or reason_b) is not None
    }
    for place in reasons:
        values[place] = torch.nan
    return values, reasons
