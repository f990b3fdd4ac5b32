"""The numbers that make a leaky integrate-and-fire neuron, as one value."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.engine.surrogates import Surrogate
from harness.errors import HarnessError


@dataclass(frozen=True)
class Dynamics:
    """What a layer of LIF neurons needs beside its input current, forward and backward."""

    decay: float  # kept fraction of the potential per step, dimensionless (the paper's τ)
    threshold: float  # units of the membrane potential
    surrogate: Surrogate
    detach_reset: bool = False  # no gradient through the reset's spike
    fires_at_threshold: bool = False  # u ≥ v_th (published code), not u > v_th (eq. 1)

    def __post_init__(self) -> None:
        if not (math.isfinite(self.decay) and 0.0 <= self.decay <= 1.0):
            raise HarnessError("lif decay", f"must lie in 0 … 1 (got {self.decay})")
        if not math.isfinite(self.threshold):
            raise HarnessError("lif threshold", f"must be finite (got {self.threshold})")
