"""Surrogate gradients: what stands for the derivative of a spike, x = u − v_th, backwards.

The area under one decides whether gradients grow (above 1) or fade on the way back through a deep
network: 2 for the rectangle of eq. 3, 1 for all others.

Legend: `distance` = u − v_th, membrane potential before the reset minus threshold, any shape.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from harness.parts.base import Part

if TYPE_CHECKING:
    from torch import Tensor


class Surrogate(Part, family="surrogate"):
    """∂spike/∂u as a function of the distance to the threshold."""

    kind: str

    @abstractmethod
    def derivative(self, distance: Tensor) -> Tensor:
        """∂spike/∂u, same shape and dtype as `distance`."""


class Rectangle(Surrogate):
    """Paper eq. 3, p. 4: dy/du = 1/α where |x| < α, else 0; the paper trains with α = 1.

    Its area is 2 for every α: a derivative of a unit step would have area 1, so gradients grow on
    the way back through a deep network.
    """

    kind: Literal["rectangle"]
    alpha: float = Field(default=1.0, gt=0, description="half width, in units of the potential")

    def derivative(self, distance: Tensor) -> Tensor:
        """1/α inside the open window, 0 outside."""
        return (distance.abs() < self.alpha).to(distance.dtype) * (1.0 / self.alpha)


class Dspike(Surrogate):
    """The published code's surrogate: the derivative of tanh(b·x)/(2·tanh(b·c)) + ½ on |x| ≤ c.

    There b = c = 3, hence the denominator 2·tanh 9; the family is Li et al., Differentiable Spike,
    NeurIPS 2021. With the defaults it is within 2e-8 of SpikingJelly's `Sigmoid(alpha=6)` inside
    the support, since tanh 9 is nearly 1.
    """

    kind: Literal["dspike"]
    temperature: float = Field(default=3.0, gt=0, description="b, per unit of the potential")
    support: float = Field(default=3.0, gt=0, description="c, in units of the potential")

    @property
    def peak(self) -> float:
        """The derivative at the threshold, its largest value."""
        return self.temperature / (2.0 * math.tanh(self.temperature * self.support))

    def derivative(self, distance: Tensor) -> Tensor:
        """peak·(1 − tanh²(b·x)) inside the closed support, 0 outside."""
        tanh = (self.temperature * distance).tanh()
        inside = (distance.abs() <= self.support).to(distance.dtype)
        return self.peak * (1.0 - tanh * tanh) * inside


class Triangle(Surrogate):
    """max(0, γ − |x|)/γ² (Esser et al., PNAS 2016; with γ as in Deng et al., ICLR 2022).

    Bellec et al., NeurIPS 2018, multiply the shape at γ = 1 by a damping of 0.3, which is left out
    here. SpikingJelly's `PiecewiseQuadratic(alpha=1/γ)`.
    """

    kind: Literal["triangle"]
    gamma: float = Field(default=1.0, gt=0, description="half width, in units of the potential")

    def derivative(self, distance: Tensor) -> Tensor:
        """1/γ at the threshold, falling linearly to 0 at distance γ."""
        return (self.gamma - distance.abs()).clamp(min=0.0) * (1.0 / self.gamma**2)


class Sigmoid(Surrogate):
    """The derivative of the logistic function of αx (Wu et al., Front. Neurosci. 2018).

    One of their four curves, there with the width 1/α; α = 4 is SpikingJelly's default. Zenke and
    Ganguli's SuperSpike (Neural Computation 2018) is another curve, 1/(1 + β|x|)², that is often
    called by this name ("fast sigmoid").
    """

    kind: Literal["sigmoid"]
    alpha: float = Field(default=4.0, gt=0, description="per unit of the potential; peak α/4")

    def derivative(self, distance: Tensor) -> Tensor:
        """α·e/(1 + e)² with e = exp(−α|x|), which cannot overflow."""
        decline = (distance.abs() * -self.alpha).exp()
        return self.alpha * decline / (1.0 + decline).square()


class Arctan(Surrogate):
    """The derivative of arctan(π/2·α·x)/π + ½ (Fang et al., ICCV 2021).

    With the default α = 2 it is 1/(1 + (πx)²), SpikingJelly's `ATan`. A fifth of its area lies
    beyond |x| = 1 at α = 2: its tails fall with 1/x² alone, so no neuron is ever without gradient.
    """

    kind: Literal["arctan"]
    alpha: float = Field(default=2.0, gt=0, description="per unit of the potential; peak α/2")

    def derivative(self, distance: Tensor) -> Tensor:
        """(α/2)/(1 + (π/2·α·x)²): largest at the threshold, nowhere 0."""
        scaled = distance * (math.pi / 2.0 * self.alpha)
        return (self.alpha / 2.0) / (1.0 + scaled * scaled)
