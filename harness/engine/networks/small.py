"""The small network of the lab, artificial and spiking.

The lab (2024) compares the second batch norm of "the CNN" with that of "the SNN" and specifies
neither. This is the choice made here: stages of one 3x3 convolution, batch norm and activation,
channels doubling from stage to stage, a 2x2 average pool between two stages, a global one after the
last, and a linear classifier.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from harness.engine.arguments import checked
from harness.engine.networks.layers import initialise
from harness.engine.networks.network import at_least_1
from harness.engine.networks.neurons import neuron_of
from harness.engine.networks.plain import PlainNetwork, triple
from harness.parts.neurons import Neuron


@checked
def small(
    stages: int = 3,
    *,
    width: int = 1,
    base_width: int = 32,
    neuron: str | Neuron = "lif",
    classes: int = 10,
    in_channels: int = 3,
    time_steps: int | None = None,
    seed: int = 0,
    **numbers: Any,
) -> PlainNetwork:
    """A small network with initial weights drawn from `seed`.

    Layers are called `conv1 bn1 relu1 pool1 conv2 bn2 relu2 …`, `relu` in the spiking network too;
    stage 1 has `base_width`·`width` channels. `neuron` is "lif", "relu", … with `numbers` the
    its further fields, or a `Neuron`. Raises HarnessError for values that make no such
    network.
    """
    at_least_1(
        stages=stages,
        width=width,
        base_width=base_width,
        classes=classes,
        in_channels=in_channels,
    )
    activation = neuron_of(neuron, {"time_steps": time_steps, **numbers})
    rows: dict[str, dict[str, nn.Module]] = {}
    before = in_channels
    for stage in range(1, stages + 1):
        channels = base_width * width * 2 ** (stage - 1)
        names = (f"conv{stage}", f"bn{stage}", f"relu{stage}")
        rows[f"block{stage}"] = dict(zip(names, triple(before, channels, activation), strict=True))
        if stage < stages:
            rows[f"pooling{stage}"] = {f"pool{stage}": nn.AvgPool2d(2)}
        before = channels
    network = PlainNetwork(rows, classes=classes, time_steps=activation.steps)
    initialise(network, seed)
    return network
