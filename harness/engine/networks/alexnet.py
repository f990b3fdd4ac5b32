"""AlexNet as torchvision has it (Krizhevsky 2014), for the lab's kernels and activation
maximisation.

Legend: T = time steps, B = batch, C = channels, H, W = height and width; activations are folded,
[T·B, C, H, W].
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn

from harness.engine.encoding import fold
from harness.engine.networks.layers import initialise
from harness.engine.networks.network import Network, at_least_1, mean_over_time
from harness.engine.networks.outline import Part, convolution_cell
from harness.errors import ExitCode, HarnessError

SMALLEST = 63  # pixels that leave something for the last pool
IMAGENET_CLASSES = 1000
_AHEAD = 15  # torchvision 0.(n + 15) is released with torch 2.n

Weights = Literal["none", "imagenet"]


class AlexNet(Network):
    """torchvision's `features`, `avgpool` and `classifier` under their own names; build it with
    `alexnet`.

    Its ReLUs work in place in torchvision and do not here, so that the output of a convolution
    stays what it was. Its dropout is off: nothing here draws from a global generator.
    """

    time_steps = 1

    def __init__(self, original: nn.Module) -> None:
        super().__init__()
        self.features = original.get_submodule("features")
        self.avgpool = original.get_submodule("avgpool")
        self.classifier = original.get_submodule("classifier")
        for layer in self.modules():
            if isinstance(layer, nn.ReLU):
                layer.inplace = False

    def forward(self, images: Tensor) -> Tensor:
        """Images [B, C, H, W] or frames [T, B, C, H, W], normalised, to logits [B, classes]; the
        logits of frames are averaged.

        Raises HarnessError for images of less than 63 pixels on a side.
        """
        height, width = images.shape[-2:]
        if min(height, width) < SMALLEST:
            said = f"AlexNet needs sides of at least {SMALLEST} pixels (got {height}x{width})"
            raise HarnessError("network input", said, hint="enlarge the images first")
        folded, steps = fold(images, self.time_steps)
        logits = self.classifier(self.avgpool(self.features(folded)).flatten(1))
        return mean_over_time(logits, steps)

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
        linear = [layer for layer in self.classifier.modules() if isinstance(layer, nn.Linear)]
        widths = ", ".join(f"{layer.out_features}-d" for layer in linear)
        classes = linear[-1].out_features
        pooling = Part("pooling", "Adaptive average pooling, 6x6", 1, channels, ("avgpool",))
        last = Part("classifier", f"{widths} fully connected layers", 1, classes, ("classifier",))
        return (*rows, pooling, last)


def alexnet(
    *,
    weights: Weights = "none",
    classes: int = IMAGENET_CLASSES,
    in_channels: int = 3,
    seed: int = 0,
    folder: Path | None = None,
) -> AlexNet:
    """torchvision's AlexNet, with initial weights drawn from `seed`, or with those that torchvision
    publishes for ImageNet.

    "imagenet" fetches them once (233 MB, checked against their hash) into `folder`, or where
    torch.hub keeps them. Raises HarnessError when torchvision is missing or does not fit torch,
    when the weights cannot be had, and for an ImageNet network of other classes or channels.
    """
    at_least_1(classes=classes, in_channels=in_channels)
    if weights not in ("none", "imagenet"):
        raise HarnessError("network weights", f"'none' or 'imagenet' (got {weights!r})")
    if weights == "imagenet" and (classes, in_channels) != (IMAGENET_CLASSES, 3):
        said = f"those of ImageNet tell {IMAGENET_CLASSES} classes of RGB images apart"
        got = f"{classes} classes of {in_channels} channels"
        raise HarnessError("network weights", f"{said} (asked for {got})")
    models = _torchvision_models()
    with torch.device("meta"):
        original = models.alexnet(num_classes=classes, dropout=0.0)
        if in_channels != 3:
            first = original.features[0]
            original.features[0] = nn.Conv2d(in_channels, first.out_channels, 11, 4, 2)
    network = AlexNet(original.to_empty(device="cpu"))
    if weights == "imagenet":
        network.load_state_dict(_published(models, folder))
    else:
        initialise(network, seed)
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


def _published(models: ModuleType, folder: Path | None) -> Mapping[str, Any]:
    published = models.AlexNet_Weights.IMAGENET1K_V1
    place = None if folder is None else str(folder)
    try:
        state: Mapping[str, Any] = published.get_state_dict(
            progress=False, check_hash=True, model_dir=place, map_location="cpu"
        )
    except (OSError, RuntimeError) as error:  # no network, no disk; a wrong hash
        raise HarnessError(
            "AlexNet weights",
            f"cannot be had from {published.url}: {error}",
            hint="weights = 'none' draws them from the seed",
            code=ExitCode.RUN_FAILED,
        ) from error
    return state
