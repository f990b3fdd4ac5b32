"""The checks of a labelled image set and its content hash."""

from __future__ import annotations

import hashlib
from dataclasses import FrozenInstanceError, replace

import pytest
import torch
from torch import Tensor

from harness.engine.data.labelled import ImageSet, content_hash
from harness.errors import HarnessError


def pair(count: int = 3, side: int = 2) -> tuple[Tensor, Tensor]:
    pixels = torch.arange(count * 3 * side * side, dtype=torch.uint8).view(count, 3, side, side)
    return pixels, torch.arange(count) % 2


def small() -> ImageSet:
    return ImageSet("small", *pair(), *pair(2), ("a", "b"), "embedded")


def test_the_hash_is_sha256_of_type_shape_and_bytes_in_row_major_order() -> None:
    train, labels = torch.tensor([[[[1]], [[2]], [[3]]]], dtype=torch.uint8), torch.tensor([1])
    one = b'["torch.uint8", [1, 3, 1, 1]]\x01\x02\x03' + b'["torch.int64", [1]]\x01' + bytes(7)
    assert content_hash(train, labels, train, labels) == hashlib.sha256(one * 2).hexdigest()


def test_the_hash_ignores_the_memory_format_and_sees_every_part() -> None:
    (x, y), (xt, yt) = pair(), pair(2)
    base = content_hash(x, y, xt, yt)
    assert content_hash(x.contiguous(memory_format=torch.channels_last), y, xt, yt) == base
    assert content_hash(x.flip(0).flip(0)[::1], y, xt, yt) == base
    changed = [
        content_hash(x + (torch.arange(x.numel()).view_as(x) == 35).byte(), y, xt, yt),
        content_hash(x, y.flip(0) + 1, xt, yt),
        content_hash(x, y, xt.view(2, 3, 4, 1), yt),
        content_hash(x, y.int(), xt, yt),
        content_hash(xt, yt, x, y),
    ]
    assert len({base, *changed}) == 6


def test_a_set_gives_its_splits_and_cannot_be_changed() -> None:
    images = small()
    assert images.split("train")[0] is images.train_images
    assert images.split("test")[1] is images.test_labels
    with pytest.raises(HarnessError, match="no split named 'valid'"):
        images.split("valid")
    with pytest.raises(FrozenInstanceError):
        images.name = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("train_images", pair()[0].float(), r"train: images must be uint8 .*, got float32"),
        ("train_images", pair()[0][:, :2], r"\[M, 1 or 3, H, W\], got uint8 \[3, 2, 2, 2\]"),
        ("test_images", pair(2)[0][0], r"test: images must be"),
        ("train_labels", pair()[1].int(), r"labels must be int64 \[3\], got int32"),
        ("train_labels", pair(2)[1], r"labels must be int64 \[3\], got int64 \[2\]"),
        ("test_labels", torch.tensor([0, 2]), r"labels lie in 0 … 2, .* must be 0 … 1"),
        ("test_labels", torch.tensor([0, -1]), r"labels lie in -1 … 0"),
        ("test_images", pair(2, 4)[0], r"train images are \[3, 2, 2\], test images \[3, 4, 4\]"),
        ("class_names", ("a", "a"), "two classes have the same name"),
    ],
)
def test_what_does_not_fit_is_refused(field: str, value: object, message: str) -> None:
    with pytest.raises(HarnessError, match=message):
        replace(small(), **{field: value})  # type: ignore[arg-type]


def test_an_empty_split_is_refused() -> None:
    with pytest.raises(HarnessError, match="test: no images"):
        ImageSet("none", *pair(), *pair(0), ("a", "b"), "embedded")
