"""What a surrogate gradient is, and the check that all of them make of their numbers.

Legend: `distance` = u − v_th, membrane potential before the reset minus threshold, any shape,
dimensionless.
"""

from __future__ import annotations

import math
from typing import Protocol, runtime_checkable

from torch import Tensor

from harness.errors import HarnessError


@runtime_checkable
class Surrogate(Protocol):
    """Anything that gives ∂spike/∂u as a function of the distance to the threshold."""

    def derivative(self, distance: Tensor) -> Tensor:
        """∂spike/∂u, same shape and dtype as `distance`."""
        ...


def require_positive(where: str, **numbers: float) -> None:
    """Raise HarnessError for the first number that is not finite and above 0, or a tensor."""
    for name, number in numbers.items():
        if isinstance(number, Tensor):  # one that is learned would silently stay as it is
            problem = f"{name} must be a number (got a tensor)"
            hint = "a surrogate acts in the backward pass alone, which gives it no gradient"
            raise HarnessError(where, problem, hint=hint)
        if not (math.isfinite(number) and number > 0):
            raise HarnessError(where, f"{name} must be finite and above 0 (got {number})")
