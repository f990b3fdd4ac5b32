"""What every labelled set has in common: its two splits, their checks, its content hash.

Legend: M = items of a split (images, or recordings as frames).
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from harness.errors import HarnessError

Origin = Literal["published", "repacked", "embedded"]


@dataclass(frozen=True, eq=False, slots=True)
class LabelledSet(ABC):
    """Train and test items with labels int64 [M] in 0 … len(class_names) − 1.

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

    items: ClassVar[str] = "items"  # what one of them is called, in the plural

    def __post_init__(self) -> None:
        for split in ("train", "test"):
            images, labels = self.split(split)
            where = f"{self.name}: {split}"
            self._refuse_other(where, images)
            self._refuse_wrong(where, images, labels)
        if self.train_images.shape[1:] != self.test_images.shape[1:]:
            shapes = [list(part.shape[1:]) for part in (self.train_images, self.test_images)]
            said = f"train {self.items} are {shapes[0]}, test {self.items} {shapes[1]}"
            raise HarnessError(self.name, said)
        if len(set(self.class_names)) != len(self.class_names):
            raise HarnessError(self.name, "two classes have the same name")
        if self.sha256 != content_hash(*self.split("train"), *self.split("test")):
            raise HarnessError(self.name, "sha256 is not the hash of the four tensors")

    def split(self, split: str) -> tuple[Tensor, Tensor]:
        """Items and labels of `"train"` or `"test"`."""
        if split == "train":
            return self.train_images, self.train_labels
        if split == "test":
            return self.test_images, self.test_labels
        raise HarnessError(self.name, f"no split named {split!r}", hint="it is 'train' or 'test'")

    @abstractmethod
    def _refuse_other(self, where: str, images: Tensor) -> None:
        """Raise HarnessError for items of another dtype or shape than this kind of set has."""

    def _refuse_wrong(self, where: str, images: Tensor, labels: Tensor) -> None:
        if labels.dtype != torch.int64 or labels.shape != images.shape[:1]:
            said = f"labels must be int64 [{images.shape[0]}], got {described(labels)}"
            raise HarnessError(where, said)
        if images.numel() == 0:
            raise HarnessError(where, f"no {self.items}")
        low, high = int(labels.min()), int(labels.max())
        last = len(self.class_names) - 1
        if low < 0 or high > last:
            raise HarnessError(
                where,
                f"labels lie in {low} … {high}, with {last + 1} class names they must be "
                f"0 … {last}",
            )


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
