"""What CKA gives: a map or a curve, and why a value of it is undefined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from harness.engine.cka.estimator import Estimator


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


def undefined(name: str, self_hsic: float) -> str | None:
    """Why no CKA with this layer exists, given its summed HSIC with itself; None where it does."""
    if self_hsic != self_hsic:
        return f"layer {name!r} has features that are NaN or infinite"
    if self_hsic <= 0.0:
        return (
            f"layer {name!r} is silent: its HSIC with itself is 0, since its features do not tell "
            "the images of a minibatch apart, so CKA is 0/0"
        )
    return None


def divided(
    cross: Tensor, self_a: Tensor, self_b: Tensor, names_a: Sequence[str], names_b: Sequence[str]
) -> tuple[Tensor, dict[tuple[int, int], str]]:
    """cross / √(self_a·self_b), [L_a, L_b], NaN where a layer is undefined, and the reasons."""
    values = cross / (self_a.unsqueeze(1) * self_b).sqrt()
    why_a = [undefined(name, float(own)) for name, own in zip(names_a, self_a, strict=True)]
    why_b = [undefined(name, float(own)) for name, own in zip(names_b, self_b, strict=True)]
    reasons = {
        (i, j): why
        for i, reason_a in enumerate(why_a)
        for j, reason_b in enumerate(why_b)
        if (why := reason_a or reason_b) is not None
    }
    for place in reasons:
        values[place] = torch.nan
    return values, reasons
