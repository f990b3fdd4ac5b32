"""VGG networks of every depth and width, artificial and spiking (paper Table D.2, Fig. A.1–A.3).

The paper contradicts itself on how many convolutions they have, and its published code holds no
VGG. Table D.2 prints 8, 15, 21, 27 and 37 of them. Its figures show others. The axes of Fig. A.1
and A.2 end after N−3 convolutions with their batch norms and activations and four pools (34 layers
for VGG-13, 52, 70, 88, 124): with matplotlib's margins no other N−k fits the ticks of all five.
Fig. A.3 names the convolutions of VGG-13, `features.0 3 7 10 14 17 21 24 27`, so its stages have 2,
2, 2 and at least 3; with the tenth, `features.30`, the 4 of the table. N−3 is the name's own
arithmetic (the original VGGs have three linear layers). How the others are split is inferred and
printed nowhere: stages 1, 2 and 4 as in the table, and what is missing in stage 3, where the
original VGG-19 has it too (2 + 2 + 4 + 4 + 4, its last two stages joined here).
"""

from __future__ import annotations

from typing import Any, Literal

from torch import nn

from harness.engine.arguments import checked
from harness.engine.networks.layers import initialise
from harness.engine.networks.network import at_least_1
from harness.engine.networks.neurons import neuron_of
from harness.engine.networks.plain import PlainNetwork, triple
from harness.errors import HarnessError
from harness.parts.networks import VGG_CONVOLUTIONS
from harness.parts.neurons import Neuron

Layout = Literal["figures", "table"]


@checked
def vgg(
    depth: int,
    *,
    width: int = 1,
    base_width: int = 64,
    layout: Layout = "figures",
    neuron: str | Neuron = "lif",
    classes: int = 10,
    in_channels: int = 3,
    time_steps: int | None = None,
    seed: int = 0,
    **numbers: Any,
) -> PlainNetwork:
    """A VGG of depth 13, 19, 25, 31 or 43 with initial weights drawn from `seed` (paper Table D.2).

    Four stages of `base_width`·`width` channels, twice, four and eight times as many, each
    convolution 3x3 with batch norm and activation; 2x2 average pools after stages 1 to 3, a global
    one after stage 4, and a linear classifier. Layers are called as in Fig. A.3: `features.0` the
    first convolution, `.1` its batch norm, `.2` its activation, … `.6` the first pool of VGG-13.
    `layout` "figures" has as many convolutions as the paper's figures, "table" as Table D.2 (see
    above). `neuron` is "lif", "relu", … with `numbers` its further fields, or a
    `Neuron`. Raises HarnessError for values that make no such network.
    """
    at_least_1(
        width=width,
        base_width=base_width,
        classes=classes,
        in_channels=in_channels,
    )
    activation = neuron_of(neuron, {"time_steps": time_steps, **numbers})
    rows: dict[str, dict[str, nn.Module]] = {}
    before, position = in_channels, 0
    blocks = _convolutions(depth, layout)
    for stage, convolutions in enumerate(blocks, 1):
        channels = base_width * width * 2 ** (stage - 1)
        layers: list[nn.Module] = []
        for _ in range(convolutions):
            layers += triple(before, channels, activation)
            before = channels
        rows[f"block{stage}"] = _numbered(layers, position)
        position += len(layers)
        if stage < len(blocks):
            rows[f"pooling{stage}"] = _numbered([nn.AvgPool2d(2)], position)
            position += 1
    network = PlainNetwork(rows, classes=classes, time_steps=activation.steps)
    initialise(network, seed)
    return network


def _numbered(layers: list[nn.Module], first: int) -> dict[str, nn.Module]:
    return {f"features.{index}": layer for index, layer in enumerate(layers, first)}


def _convolutions(depth: int, layout: str) -> tuple[int, ...]:
    if layout not in VGG_CONVOLUTIONS:
        raise HarnessError("network layout", f"'figures' or 'table' (got {layout!r})")
    if depth not in VGG_CONVOLUTIONS[layout]:
        known = ", ".join(map(str, VGG_CONVOLUTIONS[layout]))
        raise HarnessError("network depth", f"a VGG has depth {known} (got {depth})")
    return VGG_CONVOLUTIONS[layout][depth]
