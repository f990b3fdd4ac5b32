"""Tiny networks with some contrast, and images as they take them."""

from __future__ import annotations

import torch
from torch import Tensor

from harness.engine.networks import Network, small
from harness.engine.norm import TdBatchNorm
from harness.engine.training import Normalisation
from tests.engine.training.cases import images

NORMAL = Normalisation((0.5, 0.4, 0.6), (0.25, 0.2, 0.5))
DATA = images(train=3, test=24)
INPUTS = NORMAL(DATA.test_images)
LABELS = DATA.test_labels


def network(neuron: str = "relu") -> Network:
    """Two stages of 4 and 8 channels whose batch norms have seen the images, in evaluation mode."""
    made = small(2, base_width=4, neuron=neuron, classes=3, time_steps=2)
    with torch.no_grad():
        for _ in range(20):
            made.train()(INPUTS)
        for layer in made.modules():
            if isinstance(layer, TdBatchNorm):  # statistics that do not fit, so that modes differ
                layer.running_mean.add_(0.1)
    return made.eval()


def state(made: Network) -> dict[str, Tensor]:
    """A copy of every number of the network."""
    return {name: tensor.clone() for name, tensor in made.state_dict().items()}
