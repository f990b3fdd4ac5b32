"""LIF neurons that learn how fast they forget."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from harness.engine.lif.dynamics import Dynamics
from harness.engine.networks.neurons.leaky import Lif
from harness.errors import HarnessError


class Plif(Lif):
    """A layer of LIF neurons that share one learned decay, sigmoid(w) with w `decay_logit`, which
    starts at the decay of `dynamics`.

    Fang et al., Incorporating Learnable Membrane Time Constant, ICCV 2021: one time constant per
    layer, 1/τ = sigmoid(a), so decay = 1 − 1/τ and w = −a. Two things differ from there: the
    current is not multiplied by 1/τ (as in the paper's eq. 1, and SpikingJelly's
    `decay_input=False`), and the start is the decay of the other neurons. Weight decay draws w to
    0, the decay to ½. Raises HarnessError unless the first decay lies between 0 and 1, which it
    never reaches.
    """

    def __init__(self, dynamics: Dynamics, backend: str = "auto") -> None:
        super().__init__(dynamics, backend)
        decay = float(dynamics.decay)
        if not 0.0 < decay < 1.0:
            raise HarnessError("plif decay", f"must start above 0 and below 1 (got {decay})")
        self.decay_logit = nn.Parameter(torch.tensor(math.log(decay / (1.0 - decay))))

    def decay(self) -> Tensor:
        """sigmoid(w), in w's float32 whatever the precision of the currents."""
        return torch.sigmoid(self.decay_logit)
