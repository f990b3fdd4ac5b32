"""A tiny image set and network that train in a fraction of a second."""

from __future__ import annotations

import torch

from harness.engine.data.labelled import ImageSet
from harness.engine.networks import ResNet, resnet
from harness.engine.training import Recipe

RECIPE = Recipe(epochs=3, batch=16, lr=0.05, crop_padding=1, schedule="one-cycle", warmup_epochs=1)
OPTIMISERS = ({}, {"optimizer": "adamw", "lr": 0.01, "betas": (0.8, 0.95)})
"""Changes of `RECIPE`."""


def images(train: int = 72, test: int = 24) -> ImageSet:
    """Three classes of 8x8 images: a bright third each, in noise; the last batch is half full."""
    generator = torch.Generator().manual_seed(0)

    def split(count: int) -> tuple[torch.Tensor, torch.Tensor]:
        labels = torch.arange(count) % 3
        pixels = torch.randint(0, 120, (count, 3, 8, 8), generator=generator, dtype=torch.uint8)
        for image, label in zip(pixels, labels.tolist(), strict=True):
            image[:, 1 + 2 * label : 3 + 2 * label] += 130
        return pixels, labels

    return ImageSet("bars", *split(train), *split(test), ("a", "b", "c"), "embedded")


def network(neuron: str = "lif", seed: int = 0, **choice: float) -> ResNet:
    """ResNet-8 with 4 channels."""
    return resnet(8, base_width=4, neuron=neuron, classes=3, time_steps=2, seed=seed, **choice)  # type: ignore[arg-type]
