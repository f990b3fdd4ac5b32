"""Dspike, the surrogate of the paper's published code."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from harness.engine.surrogates.protocol import require_positive


@dataclass(frozen=True)
class Dspike:
    """∂s/∂u = k·sech²(k·x) / (2·tanh(k·a)) on |x| ≤ a, else 0, with x = u − v_th, k `temperature`,
    a `support`.

    The derivative of tanh(k·x)/(2·tanh(k·a)) + ½, which the published code of the paper uses (there
    k = a = 3, hence the denominator 2·tanh 9); the family is Li et al., Differentiable Spike,
    NeurIPS 2021. Its area is 1. With the defaults it is within 2e-8 of SpikingJelly's
    `Sigmoid(alpha=6)` inside the support, since tanh 9 is nearly 1.
    """

    temperature: float = 3.0  # per unit of membrane potential
    support: float = 3.0  # units of membrane potential

    def __post_init__(self) -> None:
        require_positive("surrogate dspike", temperature=self.temperature, support=self.support)

    @property
    def peak(self) -> float:
        """The derivative at the threshold, its largest value."""
        return self.temperature / (2.0 * math.tanh(self.temperature * self.support))

    def derivative(self, distance: Tensor) -> Tensor:
        """peak·(1 − tanh²(k·x)) inside the closed support, 0 outside."""
        tanh = torch.tanh(self.temperature * distance)
        inside = (distance.abs() <= self.support).to(distance.dtype)
        return self.peak * (1.0 - tanh * tanh) * inside
