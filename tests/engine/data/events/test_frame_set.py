"""The checks of a set of frames."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from harness.engine.data.labelled import FrameSet
from harness.errors import HarnessError

TRAIN = (torch.ones(3, 2, 2, 4, 4, dtype=torch.int16), torch.tensor([0, 1, 0]))
TEST = (torch.zeros(2, 2, 2, 4, 4, dtype=torch.int16), torch.tensor([0, 1]))


def small() -> FrameSet:
    names = ("a", "b")
    return FrameSet("small", *TRAIN, *TEST, names, "embedded")


def test_a_set_gives_its_splits() -> None:
    assert small().split("train")[0] is TRAIN[0]
    assert small().split("test")[1] is TEST[1]
    with pytest.raises(HarnessError, match="no split named 'valid'"):
        small().split("valid")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("train_images", TRAIN[0].float(), r"must be int16 \[M, T, 2, H, W\], got float32"),
        ("train_images", TRAIN[0][:, :, :1], r"got int16 \[3, 2, 1, 4, 4\]"),
        ("test_images", TEST[0][0], "test: frames must be"),
        ("test_images", TEST[0][:, :1], r"train frames are \[2, 2, 4, 4\], test frames \[1, 2"),
        ("test_images", TEST[0][:0], r"labels must be int64 \[0\]"),
        ("train_labels", TRAIN[1].int(), r"labels must be int64 \[3\]"),
        ("test_labels", torch.tensor([0, 2]), r"labels lie in 0 … 2, .* must be 0 … 1"),
        ("class_names", ("a", "a"), "two classes have the same name"),
    ],
)
def test_what_does_not_fit_is_refused(field: str, value: object, message: str) -> None:
    with pytest.raises(HarnessError, match=message):
        replace(small(), **{field: value})  # type: ignore[arg-type]
