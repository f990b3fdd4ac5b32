"""Networks without shortcuts: convolution – batch norm – activation, pools between them; and the
small one of the lab.

Legend: T = time steps, B = batch, C = channels, H, W = height and width; activations are folded,
[T·B, C, H, W].
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from harness.engine.arguments import checked
from harness.engine.encoding import fold
from harness.engine.networks.block import normalise_and_activate
from harness.engine.networks.layers import convolution, initialise, linear
from harness.engine.networks.network import (
    Network,
    at_least_1,
    mean_over_time,
    require_halving,
)
from harness.engine.networks.neurons import neuron_of
from harness.engine.networks.outline import Part, convolution_cell, head, repeated
from harness.engine.norm import TdBatchNorm
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
