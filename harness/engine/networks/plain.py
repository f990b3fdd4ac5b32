"""Networks without shortcuts: convolution – batch norm – activation, pools between them; VGG of
every depth and width (paper Table D.2, Fig. A.1–A.3), and the small one of the lab.

The paper contradicts itself on how many convolutions its VGGs have, and its published code holds no
VGG. Table D.2 prints 8, 15, 21, 27 and 37 of them. Its figures show others. The axes of Fig. A.1
and A.2 end after N−3 convolutions with their batch norms and activations and four pools (34 layers
for VGG-13, 52, 70, 88, 124): with matplotlib's margins no other N−k fits the ticks of all five.
Fig. A.3 names the convolutions of VGG-13, `features.0 3 7 10 14 17 21 24 27`, so its stages have 2,
2, 2 and at least 3; with the tenth, `features.30`, the 4 of the table. N−3 is the name's own
arithmetic (the original VGGs have three linear layers). How the others are split is inferred and
printed nowhere: stages 1, 2 and 4 as in the table, and what is missing in stage 3, where the
original VGG-19 has it too (2 + 2 + 4 + 4 + 4, its last two stages joined here).

Legend: T = time steps, B = batch, C = channels, H, W = height and width; activations are folded,
[T·B, C, H, W].
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from torch import Tensor, nn

from harness.engine.arguments import checked
from harness.engine.networks.block import normalise_and_activate, once, runs_once
from harness.engine.networks.layers import convolution, fold, initialise, linear
from harness.engine.networks.network import Network, at_least_1, mean_over_time, require_halving
from harness.engine.networks.neurons import neuron_of
from harness.engine.networks.outline import Part, convolution_cell, head, repeated
from harness.engine.norm import TdBatchNorm
from harness.parts.networks import VGG_CONVOLUTIONS, Small, Vgg
from harness.parts.neurons import Neuron


def triple(channels_in: int, channels: int, neuron: Neuron) -> tuple[nn.Module, ...]:
    """A 3x3 convolution, its batch norm and its activation."""
    norm = TdBatchNorm(channels)
    return convolution(channels_in, channels, kernel=3), norm, neuron.layer()


class PlainNetwork(Network):
    """Layers one after the other – pool – fc; build it with `vgg` or `small`.

    `rows` holds the layers by row of the architecture table and by name, in execution order; a name
    such as `features.3` makes the module `3` of the container `features`.
    """

    in_place = False

    def __init__(
        self, rows: Mapping[str, Mapping[str, nn.Module]], *, classes: int, time_steps: int
    ) -> None:
        super().__init__()
        self.time_steps = time_steps
        self._rows = {row: tuple(layers) for row, layers in rows.items()}
        self._names = tuple(name for names in self._rows.values() for name in names)
        for layers in rows.values():
            for name, layer in layers.items():
                self._place(name, layer)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = linear(self._convolutions(self._names)[-1].out_channels, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Images [B, C, H, W] (the same at each of `time_steps` steps) or frames [T, B, C, H, W] to
        logits [B, classes], their mean over the steps.

        H and W must halve at each pool without remainder: HarnessError.
        """
        layers = [self.get_submodule(name) for name in self._names]
        require_halving(images, sum(isinstance(layer, nn.AvgPool2d) for layer in layers))
        first, second, activation, *rest = layers
        if (
            isinstance(first, nn.Conv2d)
            and isinstance(second, TdBatchNorm)
            and runs_once(images, self.time_steps, first, second)
        ):
            steps = self.time_steps
            folded, layers = activation(once(images, steps, first, second), steps), rest
        else:
            folded, steps = fold(images, self.time_steps)
        norm: TdBatchNorm | None = None
        for layer in layers:
            if isinstance(layer, TdBatchNorm):
                norm = layer  # runs with the activation behind it
            elif norm is not None:
                folded, norm = normalise_and_activate(norm, layer, folded, steps), None
            else:
                folded = layer(folded)
        return mean_over_time(self.fc(self.pool(folded).flatten(1)), steps)

    def layer_names(self) -> tuple[str, ...]:
        """Convolutions, batch norms, activations and pools, in execution order."""
        return (*self._names, "pool")

    def outline(self) -> tuple[Part, ...]:
        """A row for the convolutions of a stage, one for each pool, one for the classifier."""
        found = []
        channels = 0
        for row, names in self._rows.items():
            convolutions = self._convolutions(names)
            cell = repeated([f"({convolution_cell(layer)})" for layer in convolutions])
            if convolutions:
                channels = convolutions[-1].out_channels
            else:
                cell = f"Average pooling, s{self.get_submodule(names[0]).stride}"
            repeats = max(1, len(convolutions))
            found.append(Part(row, cell, repeats, channels, names, self.time_steps))
        return (*found, *head(self.pool, self.fc, time_steps=self.time_steps))

    def _convolutions(self, names: tuple[str, ...]) -> list[nn.Conv2d]:
        layers = [self.get_submodule(name) for name in names]
        return [layer for layer in layers if isinstance(layer, nn.Conv2d)]

    def _place(self, name: str, layer: nn.Module) -> None:
        container, _, last = name.rpartition(".")
        if container and container not in self._modules:
            self.add_module(container, nn.ModuleDict())
        self.get_submodule(container).add_module(last, layer)


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
    stage 1 has `base_width`·`width` channels. `neuron` is "lif", "relu", … with `numbers` as its
    further fields, or a `Neuron`. Raises HarnessError for values that make no such network.
    """
    at_least_1(base_width=base_width, classes=classes, in_channels=in_channels)
    Small(kind="small", stages=stages, width=width, channels=base_width)  # raises as a spec would
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
    at_least_1(classes=classes, in_channels=in_channels)
    said = Vgg(
        kind="vgg",
        depth=depth,  # type: ignore[arg-type]  # it is looked at here
        width=width,
        base_width=base_width,
        layout=layout,
    )
    activation = neuron_of(neuron, {"time_steps": time_steps, **numbers})
    rows: dict[str, dict[str, nn.Module]] = {}
    before, position = in_channels, 0
    blocks = VGG_CONVOLUTIONS[said.layout][said.depth]
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
