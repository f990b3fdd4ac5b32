"""A labelled set of images."""

# Legend: M = images of a split, H, W = rows and columns of pixels

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from harness.engine.data.labelled import LabelledSet, Origin, content_hash, described
from harness.errors import HarnessError


@dataclass(frozen=True, eq=False, slots=True)
class ImageSet(LabelledSet):
    """Train and test images with labels, as they were stored: raw pixels, nothing normalised,
    uint8 [M, 3, H, W] in RGB order.
    """

    items: ClassVar[str] = "images"

    def _refuse_other(self, where: str, images: Tensor) -> None:
        if images.dtype != torch.uint8 or images.ndim != 4 or images.shape[1] != 3:
            said = f"images must be uint8 [M, 3, H, W], got {described(images)}"
            raise HarnessError(where, said)


def image_set(
    name: str,
    *,
    train: tuple[Tensor, Tensor],
    test: tuple[Tensor, Tensor],
    class_names: tuple[str, ...],
    origin: Origin,
) -> ImageSet:
    """An ImageSet of (images, labels) pairs with its hash filled in."""
    return ImageSet(name, *train, *test, class_names, origin, content_hash(*train, *test))
