"""AlexNet as torchvision has it (Krizhevsky 2014), for the lab's kernels and activation
maximisation.

Legend: T = time steps, B = batch, C = channels, H, W = height and width; activations are folded,
[T·B, C, H, W].
"""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.engine.networks.layers import fold, initialise, linear
from harness.engine.networks.network import Network, at_least_1, mean_over_time
from harness.engine.networks.outline import Part, convolution_cell
from harness.errors import HarnessError

_CELLS = 6  # a side, of the last pool
SMALLEST = 63  # pixels that leave something for the last pool
IMAGENET_CLASSES = 1000
_AHEAD = 15  # torchvision 0.(n + 15) is released with torch 2.n

Head = Literal["published", "linear"]


class AlexNet(Network):
    """torchvision's `features`, `avgpool` and `classifier` under their own names; build it with
    `alexnet`.

    Its ReLUs work in place in torchvision and do not here, so that the output of a convolution
    stays what it was. Its dropout is off: nothing here draws from a global generator. Images are
    shown `enlarge` times as high and wide, each pixel repeated, so that small ones fit.
    """

    in_place = False
    time_steps = 1

    def __init__(self, original: nn.Module, *, enlarge: int = 1) -> None:
        super().__init__()
        self.enlarge = enlarge
        self.features = original.get_submodule("features")
        self.avgpool = _Pool((_CELLS, _CELLS))
        self.classifier = original.get_submodule("classifier")
        for layer in self.modules():
            if isinstance(layer, nn.ReLU):
                layer.inplace = False

    def forward(self, images: Tensor) -> Tensor:
        """Images [B, C, H, W] or frames [T, B, C, H, W], normalised, to logits [B, classes]; the
        logits of frames are averaged.

        Raises HarnessError for images of less than 63 pixels on a side once they are enlarged.
        """
        height, width = (self.enlarge * side for side in images.shape[-2:])
        if min(height, width) < SMALLEST:
            said = f"AlexNet needs sides of at least {SMALLEST} pixels (got {height}x{width})"
            raise HarnessError("network input", said, hint="enlarge the images first")
        folded, steps = fold(images, self.time_steps)
        if self.enlarge > 1:
            folded = functional.interpolate(folded, scale_factor=self.enlarge, mode="nearest")
        logits = self.classifier(self.avgpool(self.features(folded)).flatten(1))
        return mean_over_time(logits, steps)

    @torch.no_grad()
    def scale_initial(self, factor: float) -> None:
        """Less of conv1 and conv2, as much more of conv3 (`alexnet`)."""
        layers = [layer for layer in self.features.children() if isinstance(layer, nn.Conv2d)]
        first, second, third, *_ = layers
        first.weight.mul_(factor)
        second.weight.mul_(factor)
        third.weight.div_(factor**2)

    def load_convolutions(self, weights: Mapping[str, Tensor]) -> None:
        """Take the weights of all convolutions, `features.0.weight`, `features.0.bias`, …

        Raises HarnessError unless they are just those, in their shapes.
        """
        own = {
            name: number for name, number in self.named_parameters() if name.startswith("features.")
        }
        wrong = sorted(own.keys() ^ weights.keys())
        wrong += [
            f"{name} {list(weights[name].shape)}, not {list(number.shape)}"
            for name, number in own.items()
            if name in weights and weights[name].shape != number.shape
        ]
        if wrong:
            raise HarnessError("AlexNet convolutions", f"do not fit: {', '.join(wrong)}")
        with torch.no_grad():
            for name, number in own.items():
                number.copy_(weights[name])

    def layer_names(self) -> tuple[str, ...]:
        """Convolutions, ReLUs and pools in execution order; not the three linear layers."""
        return (*(f"features.{name}" for name, _ in self.features.named_children()), "avgpool")

    def outline(self) -> tuple[Part, ...]:
        """A row for each convolution, one for the pool, one for the linear layers."""
        rows: list[Part] = []
        channels = 0
        for name, layer in self.features.named_children():
            if isinstance(layer, nn.Conv2d):
                channels = layer.out_channels
                cell = convolution_cell(layer, with_stride=True)
                rows.append(Part(f"conv{len(rows) + 1}", cell, 1, channels, (f"features.{name}",)))
        dense = [layer for layer in self.classifier.modules() if isinstance(layer, nn.Linear)]
        widths = ", ".join(f"{layer.out_features}-d" for layer in dense)
        classes = dense[-1].out_features
        pooling = Part("pooling", "Adaptive average pooling, 6x6", 1, channels, ("avgpool",))
        cell = f"{widths} fully connected layer{'s' * (len(dense) > 1)}"
        return (*rows, pooling, Part("classifier", cell, 1, classes, ("classifier",)))


class _Pool(nn.AdaptiveAvgPool2d):
    """The same, and on a GPU with a backward pass that gives the same bits each time, which torch's
    has not.
    """

    def forward(self, images: Tensor) -> Tensor:
        """[B, C, H, W] to the means of its cells."""
        if images.device.type == "cpu":
            return super().forward(images)
        return means_of_cells(images, _CELLS, _CELLS)

    def _get_name(self) -> str:
        return "AdaptiveAvgPool2d"  # what half-done trainings know the network by


def means_of_cells(images: Tensor, rows: int, columns: int) -> Tensor:
    """[B, C, H, W] to [B, C, rows, columns]: cell i of n along a side of S pixels holds those from
    ⌊i·S/n⌋ to ⌈(i + 1)·S/n⌉, as in torch's adaptive pooling. Rows first, then columns: a cell is a
    rectangle, so the mean of its rows' means is its mean.
    """
    for dim, cells in ((-2, rows), (-1, columns)):
        side = images.shape[dim]
        edges = [(cell * side // cells, -(-(cell + 1) * side // cells)) for cell in range(cells)]
        parts = [images.narrow(dim, low, high - low).mean(dim) for low, high in edges]
        images = torch.stack(parts, dim)
    return images


def alexnet(
    *,
    head: Head = "published",
    classes: int = IMAGENET_CLASSES,
    in_channels: int = 3,
    enlarge: int = 1,
    initial_scale: float = 1.0,
    seed: int = 0,
    convolutions: Mapping[str, Tensor] | None = None,
) -> AlexNet:
    """torchvision's AlexNet, with initial weights drawn from `seed`.

    "linear" puts one linear layer behind its pool, 0.1 instead of 58.6 million weights, for what is
    about its convolutions alone. `initial_scale` multiplies the initial weights of the first two
    convolutions and divides those of the third by its square: the function stays the same (ReLU and
    max pool are homogeneous), but what training adds to the first two soon stands out of the noise.
    `convolutions` are trained weights (`read_convolutions`). Raises HarnessError when torchvision
    is missing or does not fit torch, and for weights or numbers that do not fit.
    """
    if not 0 < initial_scale <= 1:
        raise HarnessError(
            "network initial_scale", f"must lie in 0 … 1, above 0 (got {initial_scale})"
        )
    at_least_1(classes=classes, in_channels=in_channels, enlarge=enlarge)
    if head not in ("published", "linear"):
        raise HarnessError("network head", f"'published' or 'linear' (got {head!r})")
    models = _torchvision_models()
    with torch.device("meta"):
        original = models.alexnet(num_classes=classes, dropout=0.0)
        if in_channels != 3:
            first = original.features[0]
            original.features[0] = nn.Conv2d(in_channels, first.out_channels, 11, 4, 2)
    if head == "linear":
        original.classifier = nn.Sequential(linear(original.classifier[1].in_features, classes))
    network = AlexNet(original.to_empty(device="cpu"), enlarge=enlarge)
    initialise(network, seed)
    if initial_scale < 1:
        network.scale_initial(initial_scale)
    if convolutions is not None:
        network.load_convolutions(convolutions)
    return network


def _torchvision_models() -> ModuleType:
    try:
        from torchvision import models  # type: ignore[import-untyped]
    except (ImportError, RuntimeError) as error:  # RuntimeError: built for another torch
        minor = int(torch.__version__.split(".")[1])
        raise HarnessError(
            "torchvision",
            f"AlexNet is torchvision's, which cannot be imported: {error}",
            hint=f"install the two together: torch 2.{minor} goes with torchvision "
            f"0.{minor + _AHEAD} or the newest before it",
        ) from error
    return cast(ModuleType, models)
