"""A labelled set of images, its checks and its content hash."""

# Legend: M = images of a split, C = colour channels, H, W = rows and columns of pixels

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from harness.errors import HarnessError

Origin = Literal["published", "repacked", "embedded"]


@dataclass(frozen=True, eq=False, slots=True)
class ImageSet:
    """Train and test images with labels, as they were stored: raw pixels, nothing normalised.

    Images are uint8 [M, 3, H, W] in RGB order, labels int64 [M] in 0 … len(class_names) − 1.
    `origin` says how far the set is the published one: `published` (checksums as given), `repacked`
    (other bytes, accepted on request), `embedded` (made from the images that ship with the
    harness). `sha256` is `content_hash` of the four tensors. Raises HarnessError when shapes,
    dtypes, labels or hash do not fit.
    """

    name: str
    train_images: Tensor
    train_labels: Tensor
    test_images: Tensor
    test_labels: Tensor
    class_names: tuple[str, ...]
    origin: Origin
    sha256: str

    def __post_init__(self) -> None:
        for split in ("train", "test"):
            images, labels = self.split(split)
            _check_split(f"{self.name}: {split}", images, labels, len(self.class_names))
        if self.train_images.shape[1:] != self.test_images.shape[1:]:
            raise HarnessError(
                self.name,
                f"train images are {list(self.train_images.shape[1:])}, "
                f"test images {list(self.test_images.shape[1:])}",
            )
        if len(set(self.class_names)) != len(self.class_names):
            raise HarnessError(self.name, "two classes have the same name")
        if self.sha256 != _hash_of(self):
            raise HarnessError(self.name, "sha256 is not the hash of the four tensors")

    def split(self, split: str) -> tuple[Tensor, Tensor]:
        """Images and labels of `"train"` or `"test"`."""
        if split == "train":
            return self.train_images, self.train_labels
        if split == "test":
            return self.test_images, self.test_labels
        raise HarnessError(self.name, f"no split named {split!r}", hint="it is 'train' or 'test'")


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


def content_hash(
    train_images: Tensor, train_labels: Tensor, test_images: Tensor, test_labels: Tensor
) -> str:
    """SHA-256 over dtype, shape and bytes of the four tensors, in hexadecimal.

    Bytes are those of the logical order (row-major, little-endian), so neither the memory format
    nor the device nor the byte order of the machine matters.
    """
    digest = hashlib.sha256()
    for tensor in (train_images, train_labels, test_images, test_labels):
        array = np.ascontiguousarray(tensor.detach().cpu().numpy())
        array = array.astype(array.dtype.newbyteorder("<"), copy=False)
        digest.update(json.dumps([str(tensor.dtype), list(tensor.shape)]).encode())
        digest.update(array.data if array.size else b"")
    return digest.hexdigest()


def _hash_of(images: ImageSet) -> str:
    return content_hash(*images.split("train"), *images.split("test"))


def _check_split(where: str, images: Tensor, labels: Tensor, classes: int) -> None:
    if images.dtype != torch.uint8 or images.ndim != 4 or images.shape[1] != 3:
        raise HarnessError(where, f"images must be uint8 [M, 3, H, W], got {_described(images)}")
    if labels.dtype != torch.int64 or labels.shape != images.shape[:1]:
        raise HarnessError(
            where, f"labels must be int64 [{images.shape[0]}], got {_described(labels)}"
        )
    if images.numel() == 0:
        raise HarnessError(where, "no images")
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= classes:
        raise HarnessError(
            where,
            f"labels lie in {low} … {high}, with {classes} class names they must be "
            f"0 … {classes - 1}",
        )


def _described(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {list(tensor.shape)}"
