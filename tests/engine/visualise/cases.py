"""Networks whose every path carries a gradient."""

from __future__ import annotations

import torch
from torch import Tensor

from harness.engine.networks import Network, hooked
from harness.engine.networks.hooks import in_mode
from harness.engine.norm import TdBatchNorm
from harness.engine.training import Normalisation
from harness.engine.visualise import Target

NORMAL = Normalisation((0.5,) * 3, (0.25,) * 3)


def positive(network: Network) -> Network:
    """The network with every weight above 0: no kernel hides a pixel, no ReLU is silent."""
    with torch.no_grad():
        for layer in network.modules():
            if isinstance(layer, torch.nn.Conv2d):
                layer.weight.abs_().add_(0.01)
            if isinstance(layer, TdBatchNorm):
                layer.bias.zero_()
                layer.weight.fill_(1.0)
    return network.eval()


@torch.enable_grad()
def seen_by_gradient(network: Network, target: Target, images: Tensor) -> Tensor:
    """The pixels whose change would change the neuron for at least one of these normalised images,
    bool [H, W]: those with a gradient, in evaluation mode.

    A subset of the receptive field; all of it where no kernel has a 0 and no neuron is silent.
    """
    inputs = images.detach().clone().requires_grad_()
    found: list[Tensor] = []
    keep = lambda _, feature: found.append(target.activation(feature))  # noqa: E731
    with in_mode(network, "eval"):
        with hooked(network, [target.layer], keep):
            network(inputs)
        (gradient,) = torch.autograd.grad(found[0].sum(), inputs)
    return (gradient != 0).flatten(0, -3).any(0)
