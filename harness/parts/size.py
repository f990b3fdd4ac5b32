"""How large a network is: counted from its spec, layer by layer, before torch is imported.

`tests/parts/test_size.py` holds every count against the networks as built.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from harness.parts.networks import VGG_CONVOLUTIONS

Spec = Mapping[str, Any]

ALEXNET_CONVOLUTIONS = (  # channels, kernel, stride, padding, whether a pool follows
    (64, 11, 4, 2, True),
    (192, 5, 1, 2, True),
    (384, 3, 1, 1, False),
    (256, 3, 1, 1, False),
    (256, 3, 1, 1, True),
)


@dataclass
class Size:
    """A network of which one layer is counted after the other, for one image at all time steps.

    `channels`, `side` in pixels and `steps` are those at its top. `compared` counts the layers of a
    map of CKA and `features` the numbers that they give; `moved` the numbers that a forward pass
    reads and writes, `macs` its multiply-accumulates, `calls` its operations.
    """

    channels: int
    side: int
    steps: int
    macs: int = 0
    moved: int = 0
    calls: int = 0
    weights: int = 0
    compared: int = 0
    features: int = 0

    @property
    def numbers(self) -> int:
        """What the layer at the top gives."""
        return self.channels * self.side**2 * self.steps

    def _count(self, moved: int, weights: int = 0, macs: int = 0, *, compared: bool = True) -> None:
        self.moved += moved
        self.calls += moved > 0
        self.weights += weights
        self.macs += macs
        self.compared += compared
        self.features += self.numbers * compared

    def convolve(
        self, channels: int, kernel: int = 3, stride: int = 1, padding: int | None = None
    ) -> None:
        """Without bias."""
        before, weights = self.numbers, self.channels * channels * kernel**2
        margin = kernel // 2 if padding is None else padding
        self.channels, self.side = channels, (self.side + 2 * margin - kernel) // stride + 1
        self._count(before + self.numbers, weights, weights * self.side**2 * self.steps)

    def normalise(self) -> None:
        """Read for the statistics, and again for what is written."""
        self._count(3 * self.numbers, 2 * self.channels)

    def activate(self, *, compared: bool = True) -> None:
        """A ReLU, or neurons through time."""
        self._count(2 * self.numbers, compared=compared)

    def pool(self, side: int) -> None:
        """Down to so many pixels a side."""
        before, self.side = self.numbers, side
        self._count(before + self.numbers)

    def end_block(self, *, shortcut: bool) -> None:
        """The sum of branch and shortcut, which is compared as the output of the block."""
        self._count(3 * self.numbers if shortcut else 0)

    def classify(self, features: int) -> None:
        """A linear layer with bias."""
        before, weights = self.numbers, self.channels * self.side**2 * features
        self.channels, self.side = features, 1
        moved, macs = before + self.numbers, weights * self.steps
        self._count(moved, weights + features, macs, compared=False)


def _resnet(network: Spec, dataset: Spec, steps: int) -> Size:
    bare = network.get("stages_without_shortcut", ())  # runs stored before the fields have none
    at_one_step = network.get("one_step_stages", ())
    size = Size(dataset["channels"], dataset["size"], 1 if 1 in at_one_step else steps)
    channels = network["base_width"] * network["width"]
    size.convolve(channels)
    size.normalise()
    for stage in (1, 2, 3):
        size.steps = 1 if stage in at_one_step else steps
        here = channels * 2 ** (stage - 1)
        for block in range((network["depth"] - 2) // 6):
            stride = 2 if stage > 1 and block == 0 else 1
            if stride == 2 and stage not in bare:
                before = size.channels, size.side
                size.pool(size.side // 2)
                size.convolve(here, kernel=1)
                size.normalise()
                size.channels, size.side = before
            for convolution_stride in (stride, 1):
                size.activate()
                size.convolve(here, stride=convolution_stride)
                size.normalise()
            size.end_block(shortcut=stage not in bare)
    size.activate()
    size.pool(1)
    size.classify(dataset["classes"])
    return size


def _plain(stages: Sequence[int], channels: int, dataset: Spec, steps: int) -> Size:
    """So many convolutions in each stage, channels doubling and sides halving between them."""
    size = Size(dataset["channels"], dataset["size"], steps)
    for stage, convolutions in enumerate(stages):
        if stage:
            size.pool(size.side // 2)
        for _ in range(convolutions):
            size.convolve(channels * 2**stage)
            size.normalise()
            size.activate()
    size.pool(1)
    size.classify(dataset["classes"])
    return size


def _alexnet(network: Spec, dataset: Spec, steps: int) -> Size:
    is_stand_in = network["weights"] == "stand-in"
    enlarge = network["enlarge"] if is_stand_in else 1
    size = Size(dataset["channels"], dataset["size"] * enlarge, steps)
    for channels, kernel, stride, padding, is_pooled in ALEXNET_CONVOLUTIONS:
        size.convolve(channels, kernel, stride, padding)
        size.weights += channels  # its bias
        size.activate()
        if is_pooled:
            size.pool((size.side - 3) // 2 + 1)
    size.pool(6)
    for features in () if is_stand_in else (4096, 4096):
        size.classify(features)
        size.activate(compared=False)
    size.classify(dataset["classes"])
    return size


_NETWORKS: Mapping[str, Callable[[Spec, Spec, int], Size]] = {
    "resnet": _resnet,
    "vgg": lambda network, dataset, steps: _plain(
        VGG_CONVOLUTIONS[network["layout"]][network["depth"]],
        network["base_width"] * network["width"],
        dataset,
        steps,
    ),
    "small": lambda network, dataset, steps: _plain(
        [1] * network["stages"], network["channels"] * network["width"], dataset, steps
    ),
    "alexnet": _alexnet,
}


def size_of(network: Spec, dataset: Spec, steps: int) -> Size:
    """The size for images of a data set (its `channels`, `size`, `classes`) at so many steps; of
    a network that is not counted here, nothing.
    """
    shown = {name: dataset[name] for name in ("channels", "size", "classes")}
    return _counted(json.dumps([network, shown, steps]))


@cache  # a plan asks some times for each of few networks
def _counted(said: str) -> Size:
    network, dataset, steps = json.loads(said)
    if network["kind"] not in _NETWORKS:
        return Size(dataset["channels"], dataset["size"], steps)
    return _NETWORKS[network["kind"]](network, dataset, steps)
