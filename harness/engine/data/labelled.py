"""What training needs of a data set, be it of images or of recordings."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor


class LabelledSet(Protocol):
    """`ImageSet` and `FrameSet`: two splits of stored examples with labels, and their hash.

    Examples are uint8 images [M, C, H, W] or counts of events int16 [M, T, C, H, W]; their first
    axis counts them.
    """

    @property
    def name(self) -> str: ...

    @property
    def train_images(self) -> Tensor: ...

    @property
    def train_labels(self) -> Tensor: ...

    @property
    def test_images(self) -> Tensor: ...

    @property
    def test_labels(self) -> Tensor: ...

    @property
    def class_names(self) -> tuple[str, ...]: ...

    @property
    def sha256(self) -> str: ...

    def split(self, split: str) -> tuple[Tensor, Tensor]:
        """Examples and labels of `"train"` or `"test"`."""
        ...
