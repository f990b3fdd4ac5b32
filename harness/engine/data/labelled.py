"""Labelled sets, of images or of recordings as frames: two splits, their checks, a content hash.

Legend: M = items of a split, T = frames, H, W = rows and columns of pixels.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from harness.errors import HarnessError

Origin = Literal["published", "repacked", "embedded", "own"]


@dataclass(frozen=True, eq=False, slots=True)
class LabelledSet:
    """Train and test items with labels int64 [M] in 0 … len(class_names) − 1.

    `origin` says how far the set is the published one: `published` (checksums as given), `repacked`
    (other bytes, accepted on request), `embedded` (made from the images that ship with the
    harness), `own` (a study's). `sha256` is `content_hash` of the four tensors. Raises HarnessError
    when shapes, dtypes or labels do not fit.
    """

    name: str
    train_images: Tensor
    train_labels: Tensor
    test_images: Tensor
    test_labels: Tensor
    class_names: tuple[str, ...]
    origin: Origin
    sha256: str = field(init=False)

    items: ClassVar[str]  # what they are called, in the plural
    dtype: ClassVar[torch.dtype]
    axes: ClassVar[tuple[str, ...]]  # numbers where the size is fixed

    def __post_init__(self) -> None:
        for split in ("train", "test"):
            self._refuse_wrong(f"{self.name}: {split}", *self.split(split))
        if self.train_images.shape[1:] != self.test_images.shape[1:]:
            shapes = [list(part.shape[1:]) for part in (self.train_images, self.test_images)]
            said = f"train {self.items} are {shapes[0]}, test {self.items} {shapes[1]}"
            raise HarnessError(self.name, said)
        if len(set(self.class_names)) != len(self.class_names):
            raise HarnessError(self.name, "two classes have the same name")
        sha256 = content_hash(*self.split("train"), *self.split("test"))
        object.__setattr__(self, "sha256", sha256)

    def split(self, split: str) -> tuple[Tensor, Tensor]:
        """Items and labels of `"train"` or `"test"`."""
        if split == "train":
            return self.train_images, self.train_labels
        if split == "test":
            return self.test_images, self.test_labels
        raise HarnessError(self.name, f"no split named {split!r}", hint="it is 'train' or 'test'")

    def _refuse_wrong(self, where: str, images: Tensor, labels: Tensor) -> None:
        sizes = zip(self.axes, images.shape, strict=False)
        fixed = ((axis.split(" or "), size) for axis, size in sizes if axis[0].isdigit())
        fit = images.ndim == len(self.axes) and all(str(size) in may for may, size in fixed)
        if images.dtype != self.dtype or not fit:
            wanted = f"{str(self.dtype).removeprefix('torch.')} [{', '.join(self.axes)}]"
            raise HarnessError(where, f"{self.items} must be {wanted}, got {described(images)}")
        if labels.dtype != torch.int64 or labels.shape != images.shape[:1]:
            said = f"labels must be int64 [{images.shape[0]}], got {described(labels)}"
            raise HarnessError(where, said)
        if images.numel() == 0:
            raise HarnessError(where, f"no {self.items}")
        low, high = int(labels.min()), int(labels.max())
        last = len(self.class_names) - 1
        if low < 0 or high > last:
            said = f"with {last + 1} class names they must be 0 … {last}"
            raise HarnessError(where, f"labels lie in {low} … {high}, {said}")


@dataclass(frozen=True, eq=False, slots=True)
class ImageSet(LabelledSet):
    """Train and test images with labels, as they were stored: raw pixels, nothing normalised,
    uint8 [M, 3, H, W] in RGB order, or [M, 1, H, W] where they are gray.
    """

    items: ClassVar[str] = "images"
    dtype: ClassVar[torch.dtype] = torch.uint8
    axes: ClassVar[tuple[str, ...]] = ("M", "1 or 3", "H", "W")


@dataclass(frozen=True, eq=False, slots=True)
class FrameSet(LabelledSet):
    """Train and test recordings as frames with labels: counts of events, int16 [M, T, 2, H, W], OFF
    before ON. `skipped` says how many records of the files were left out, by reason.
    """

    skipped: Mapping[str, int] = field(default_factory=dict)

    items: ClassVar[str] = "frames"
    dtype: ClassVar[torch.dtype] = torch.int16
    axes: ClassVar[tuple[str, ...]] = ("M", "T", "2", "H", "W")


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


def described(tensor: Tensor) -> str:
    """`uint8 [3, 1, 2, 2]`."""
    return f"{str(tensor.dtype).removeprefix('torch.')} {list(tensor.shape)}"
