"""The rows of an architecture table (paper Tables D.1 and D.2), in the paper's notation."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from torch import nn


@dataclass(frozen=True)
class Part:
    """One row: some layers of a network that follow each other."""

    name: str  # conv1, block1, pooling1, …, pooling, classifier
    cell: str  # "3x3,16,s1", "(3x3,16; 3x3,16)x3", "Average pooling, s2"
    repeats: int  # residual blocks or convolutions, 1 elsewhere
    channels: int  # at its output
    layers: tuple[str, ...]  # names of its modules; what is inside them belongs to it too
    time_steps: int = 1  # at which it runs for a static image

    def holds(self, name: str) -> bool:
        """Whether the module or parameter of this name belongs to the row."""
        return any(name == layer or name.startswith(f"{layer}.") for layer in self.layers)


def convolution_cell(layer: nn.Conv2d, *, with_stride: bool = False) -> str:
    """A convolution: "3x3,16", or "3x3,16,s1" with its stride."""
    cell = f"{layer.kernel_size[0]}x{layer.kernel_size[1]},{layer.out_channels}"
    return f"{cell},s{layer.stride[0]}" if with_stride else cell


def repeated(cells: list[str]) -> str:
    """Equal neighbours counted: "(3x3,16; 3x3,16)x3"."""
    return " ".join(f"{cell}x{len(list(same))}" for cell, same in groupby(cells))


def head(pool: nn.AdaptiveAvgPool2d, classifier: nn.Linear, *, time_steps: int) -> tuple[Part, ...]:
    """The last two rows: global pooling and classifier, called `pool` and `fc`."""
    classes, features = classifier.weight.shape
    cell = "Global average pooling" if pool.output_size == 1 else repr(pool)
    last = f"{classes}-d fully connected layer"
    return (
        Part("pooling", cell, 1, features, ("pool",), time_steps),
        Part("classifier", last, 1, classes, ("fc",), time_steps),
    )
