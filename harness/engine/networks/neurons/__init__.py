"""The activations that a network can be built from, called alike: ReLU, and spiking neurons.

A new neuron is a module in a file here and one line in `recipe.KINDS`.
"""

from __future__ import annotations

from harness.engine.networks.neurons.leaky import Lif
from harness.engine.networks.neurons.parametric import Plif
from harness.engine.networks.neurons.recipe import KINDS, Neuron
from harness.engine.networks.neurons.relu import Relu

__all__ = ["KINDS", "Lif", "Neuron", "Plif", "Relu"]
