"""The HSICs of layers, in sums that no scale of the features can overflow.

HSIC grows with the fourth power of the features, so that those of 1e80 have one that float64 cannot
hold, and those of 1e-25 vanish in float32 long before. A layer's numbers are therefore kept with a
power of two of its own, which is exact and 1 for features of ordinary size; CKA is blind to it.

Legend: L = layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from harness.engine.cka.estimator import HsicVector


@dataclass(frozen=True)
class Own:
    """Layers beside themselves: HSIC(K, K) = hsic·4^exponent, and why it is 0 or NaN, if it is."""

    hsic_L: Tensor  # float64 on the CPU
    exponent_L: Tensor  # int64
    standing_L: Tensor  # int64, the largest `Standing` of all minibatches

    @classmethod
    def of(cls, vectors: Sequence[HsicVector]) -> Own:
        """Of one minibatch."""
        return cls(
            torch.tensor([vector.norm for vector in vectors], dtype=torch.float64).square(),
            torch.tensor([vector.exponent for vector in vectors], dtype=torch.int64),
            torch.tensor([vector.standing for vector in vectors], dtype=torch.int64),
        )

    @classmethod
    def joined(cls, parts: Sequence[Own]) -> Own:
        """One after the other."""
        columns = zip(*((one.hsic_L, one.exponent_L, one.standing_L) for one in parts), strict=True)
        return cls(*map(torch.cat, columns))

    def plus(self, other: Own) -> Own:
        """Of the minibatches of both, in the larger of the two scales."""
        exponent_L = torch.maximum(self.exponent_L, other.exponent_L)
        here, there = (
            scaled(one.hsic_L, 2 * (one.exponent_L - exponent_L)) for one in (self, other)
        )
        hsic_L = here + there
        return Own(hsic_L, exponent_L, torch.maximum(self.standing_L, other.standing_L))


@dataclass(frozen=True)
class Hsics:
    """The HSICs of two networks' layers, of each pair [L_a, L_b] or of counterparts only [L].

    HSIC(K, L) = cross·2^(exponent of K + exponent of L).
    """

    cross: Tensor  # float64 on the CPU
    a: Own
    b: Own

    def plus(self, other: Hsics) -> Hsics:
        """Of the minibatches of both."""
        a, b = self.a.plus(other.a), self.b.plus(other.b)
        here, there = (
            one._shifted(one.a.exponent_L - a.exponent_L, one.b.exponent_L - b.exponent_L)
            for one in (self, other)
        )
        return Hsics(here + there, a, b)

    def balanced(self) -> tuple[Tensor, Tensor, Tensor]:
        """cross, self_a and self_b in scales where the product of the last two is near 1."""
        half_a, half_b = (
            -(torch.frexp(own.hsic_L).exponent // 2).long() for own in (self.a, self.b)
        )
        own_a, own_b = scaled(self.a.hsic_L, 2 * half_a), scaled(self.b.hsic_L, 2 * half_b)
        return self._shifted(half_a, half_b), own_a, own_b

    def _shifted(self, by_a_L: Tensor, by_b_L: Tensor) -> Tensor:
        """cross·2^(by_a + by_b)."""
        pairs = by_a_L.unsqueeze(1) + by_b_L if self.cross.ndim == 2 else by_a_L + by_b_L
        return scaled(self.cross, pairs)


def scaled(numbers: Tensor, exponent: Tensor) -> Tensor:
    """numbers·2^exponent, float64 on the CPU; numpy's is exact, torch's forms 2^exponent first."""
    return torch.from_numpy(np.ldexp(numbers.numpy(), exponent.numpy()))
