"""A labelled set of recordings as frames: what a network is trained on.

Legend: M = recordings of a split, T = frames, S = pixels per side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from harness.engine.data.events.frames import POLARITIES
from harness.engine.data.images import Origin, content_hash
from harness.errors import HarnessError


@dataclass(frozen=True, eq=False, slots=True)
class FrameSet:
    """Train and test recordings as frames with labels; the attributes are named as `ImageSet`'s.

    Images are counts of events, int16 [M, T, 2, S, S], OFF before ON, labels int64 [M] in
    0 … len(class_names) − 1. `skipped` says how many records of the files were left out, by reason.
    `sha256` is `content_hash` of the four tensors. Raises HarnessError when shapes, dtypes, labels
    or hash do not fit.
    """

    name: str
    train_images: Tensor
    train_labels: Tensor
    test_images: Tensor
    test_labels: Tensor
    class_names: tuple[str, ...]
    origin: Origin
    sha256: str
    skipped: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("train", "test"):
            images, labels = self.split(name)
            _check(f"{self.name}: {name}", images, labels, len(self.class_names))
        if self.train_images.shape[1:] != self.test_images.shape[1:]:
            shapes = [list(part.shape[1:]) for part in (self.train_images, self.test_images)]
            raise HarnessError(self.name, f"train frames are {shapes[0]}, test frames {shapes[1]}")
        if len(set(self.class_names)) != len(self.class_names):
            raise HarnessError(self.name, "two classes have the same name")
        if self.sha256 != content_hash(*self.split("train"), *self.split("test")):
            raise HarnessError(self.name, "sha256 is not the hash of the four tensors")

    def split(self, split: str) -> tuple[Tensor, Tensor]:
        """Frames and labels of `"train"` or `"test"`."""
        if split == "train":
            return self.train_images, self.train_labels
        if split == "test":
            return self.test_images, self.test_labels
        raise HarnessError(self.name, f"no split named {split!r}", hint="it is 'train' or 'test'")


def _check(where: str, images: Tensor, labels: Tensor, classes: int) -> None:
    dtype = str(images.dtype).removeprefix("torch.")
    if images.dtype != torch.int16 or images.ndim != 5 or images.shape[2] != POLARITIES:
        raise HarnessError(
            where, f"frames must be int16 [M, T, 2, H, W], got {dtype} {list(images.shape)}"
        )
    if labels.dtype != torch.int64 or labels.shape != images.shape[:1]:
        raise HarnessError(where, f"labels must be int64 [{len(images)}], got {list(labels.shape)}")
    if images.numel() == 0:
        raise HarnessError(where, "no recordings")
    if int(labels.min()) < 0 or int(labels.max()) >= classes:
        raise HarnessError(where, f"labels must lie in 0 … {classes - 1}")
