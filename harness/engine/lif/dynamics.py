"""The numbers of a call of a layer of leaky integrate-and-fire neurons, as one value."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import Literal

from torch import Tensor

from harness.engine.arguments import choose
from harness.errors import HarnessError
from harness.parts.neurons import If, Lif, Plif
from harness.parts.surrogates import Surrogate

Reset = Literal["hard", "soft"]


@dataclass(frozen=True)
class Dynamics:
    """What a layer of LIF neurons needs beside its input current, forward and backward: of a neuron
    of `harness.parts`, or of numbers that are learned.

    A number that is learned is a tensor of one number without dimensions; its range is not looked
    at, since that would wait for the device. A threshold that asks for no gradient is a plain one.
    """

    decay: float | Tensor  # kept fraction of the potential per step, dimensionless (the paper's τ)
    threshold: float | Tensor  # units of the membrane potential
    surrogate: Surrogate
    detach_reset: bool = False  # no gradient through the reset's spike
    fires_at_threshold: bool = False  # u ≥ v_th (published code), not u > v_th (eq. 1)
    reset: Reset = "hard"  # to 0 (eq. 1), or "soft": down by v_th

    def __post_init__(self) -> None:
        for name, number in (("decay", self.decay), ("threshold", self.threshold)):
            if isinstance(number, Tensor) and (number.ndim or not number.is_floating_point()):
                got = f"{number.dtype} {list(number.shape)}"
                raise HarnessError(f"lif {name}", f"must be one floating number (got {got})")
            if not isinstance(number, Tensor | Real):
                raise HarnessError(f"lif {name}", f"must be a number (got {number!r})")
        if isinstance(self.threshold, Tensor) and not self.threshold.requires_grad:
            object.__setattr__(self, "threshold", float(self.threshold))
        if not isinstance(self.decay, Tensor) and not 0.0 <= self.decay <= 1.0:
            raise HarnessError("lif decay", f"must lie in 0 … 1 (got {self.decay})")
        if not isinstance(self.threshold, Tensor) and not math.isfinite(self.threshold):
            raise HarnessError("lif threshold", f"must be finite (got {self.threshold})")
        if self.reset not in ("hard", "soft"):
            raise HarnessError("lif reset", f"'hard' or 'soft' (got {self.reset!r})")

    @classmethod
    def of(cls, neuron: Lif | If | Plif) -> Dynamics:
        """Those of a neuron, its decay as at the start."""
        return cls(
            neuron.decay,
            neuron.threshold,
            neuron.surrogate,
            neuron.detach_reset,
            neuron.fires_at_threshold,
            neuron.reset,
        )


def surrogate_of(given: str | Surrogate) -> Surrogate:
    """A surrogate as it is, or of a kind the one with its usual numbers.

    Raises:
        HarnessError: no such kind, or no surrogate.
    """
    if isinstance(given, str):
        made: Surrogate = choose(Surrogate.kinds, given, where="surrogate")()
        return made
    if not hasattr(given, "derivative"):
        problem = f"{type(given).__name__} has no derivative(distance)"
        hint = "give a name or an object such as Rectangle(alpha=1.0)"
        raise HarnessError("surrogate", problem, hint=hint)
    return given
