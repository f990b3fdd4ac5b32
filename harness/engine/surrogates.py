"""Surrogate gradients: what stands in for the derivative of the spike's step function in the
backward pass.

Legend: `distance` = u − v_th, membrane potential before the reset minus threshold, any shape,
dimensionless. A new surrogate is one frozen dataclass here and one line in `_BY_NAME`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from harness.engine.choices import choose
from harness.errors import HarnessError


@runtime_checkable
class Surrogate(Protocol):
    """Anything that gives ∂spike/∂u as a function of the distance to the threshold."""

    def derivative(self, distance: Tensor) -> Tensor:
        """∂spike/∂u, same shape and dtype as `distance`."""
        ...


@dataclass(frozen=True)
class Rectangle:
    """∂s/∂u = (1/α)·1[|u − v_th| < α] (paper eq. 3, p. 4; the paper trains with α = 1).

    Its area is 2 for every α: a derivative of a unit step would have area 1, so gradients grow on
    the way back through a deep network. `alpha` is the half-width in units of the membrane
    potential.
    """

    alpha: float = 1.0

    def __post_init__(self) -> None:
        _positive("surrogate rectangle", alpha=self.alpha)

    def derivative(self, distance: Tensor) -> Tensor:
        """1/α inside the open window, 0 outside."""
        return (distance.abs() < self.alpha).to(distance.dtype) * (1.0 / self.alpha)


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
        _positive("surrogate dspike", temperature=self.temperature, support=self.support)

    @property
    def peak(self) -> float:
        """The derivative at the threshold, its largest value."""
        return self.temperature / (2.0 * math.tanh(self.temperature * self.support))

    def derivative(self, distance: Tensor) -> Tensor:
        """peak·(1 − tanh²(k·x)) inside the closed support, 0 outside."""
        tanh = torch.tanh(self.temperature * distance)
        inside = (distance.abs() <= self.support).to(distance.dtype)
        return self.peak * (1.0 - tanh * tanh) * inside


_BY_NAME: Mapping[str, Callable[[], Surrogate]] = {"rectangle": Rectangle, "dspike": Dspike}


def surrogate_by_name(surrogate: str | Surrogate) -> Surrogate:
    """A surrogate object as it is, a name as the surrogate with its published defaults.

    Raises HarnessError for a name that is not known, with the known ones and the nearest.
    """
    if isinstance(surrogate, str):
        return choose(_BY_NAME, surrogate, where="surrogate")()
    if not isinstance(surrogate, Surrogate):
        raise HarnessError(
            "surrogate",
            f"{type(surrogate).__name__} has no derivative(distance)",
            hint="give a name or an object such as Rectangle(alpha=1.0)",
        )
    return surrogate


def _positive(where: str, **numbers: float) -> None:
    for name, number in numbers.items():
        if not (math.isfinite(number) and number > 0):
            raise HarnessError(where, f"{name} must be finite and above 0 (got {number})")
