"""LIF neurons that learn how fast they forget."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from harness.engine.networks.neurons.leaky import Lif
from harness.parts import neurons as parts


class Plif(Lif):
    """A layer of LIF neurons that share one learned decay, sigmoid(w) with w `decay_logit`, which
    starts at the decay of the neuron.

    Fang et al., Incorporating Learnable Membrane Time Constant, ICCV 2021: one time constant per
    layer, 1/τ = sigmoid(a), so decay = 1 − 1/τ and w = −a. Two things differ from there: the
    current is not multiplied by 1/τ (as in the paper's eq. 1, and SpikingJelly's
    `decay_input=False`), and the start is the decay of the other neurons. Weight decay draws w to
    0, the decay to ½.
    """

    def __init__(self, neuron: parts.Plif, backend: str = "auto") -> None:
        super().__init__(neuron, backend)
        decay = neuron.decay
        self.decay_logit = nn.Parameter(torch.tensor(math.log(decay / (1.0 - decay))))

    def decay(self) -> Tensor:
        """sigmoid(w), in w's float32 whatever the precision of the currents."""
        return torch.sigmoid(self.decay_logit)
