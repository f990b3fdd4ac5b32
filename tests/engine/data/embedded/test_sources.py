"""The vendored scans and photographs and their split."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.engine.data.embedded.scans import SCANS, grounds, scans, split_scans
from harness.errors import HarnessError

VENDORED = files("harness.engine.data.embedded") / "vendored"


def sha(array: NDArray[np.uint8]) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def test_the_pixels_are_those_of_the_notice() -> None:
    digits, labels = scans()
    photos = np.concatenate([grounds("test"), grounds("train")], axis=3).transpose(0, 2, 3, 1)
    assert digits.shape == (1797, 8, 8)
    assert photos.shape == (3, 96, 144, 3)
    notice = (VENDORED / "NOTICE.md").read_text(encoding="utf-8")
    assert f"[1797, 8, 8]: `{sha(digits)}`" in notice
    assert f"[1797]: `{sha(labels.astype(np.uint8))}`" in notice
    assert f"[3, 96, 144, 3]: `{sha(photos)}`" in notice


def test_the_vendored_files_are_small_and_hold_plain_bytes() -> None:
    contents = [(VENDORED / name).read_bytes() for name in ("digits.npz", "photos.npz")]
    assert sum(map(len, contents)) < 200_000
    for name in ("digits.npz", "photos.npz"):
        with (VENDORED / name).open("rb") as file, np.load(file, allow_pickle=False) as archive:
            assert all(archive[key].dtype == np.uint8 for key in archive.files)


def test_the_scans_are_scikit_learns() -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    theirs = datasets.load_digits()
    digits, labels = scans()
    assert (digits == theirs.images).all()
    assert (labels == theirs.target).all()


def test_the_photographs_are_scikit_learns_scaled_down() -> None:
    sklearn = pytest.importorskip("sklearn")
    image = pytest.importorskip("PIL.Image")
    photos = np.concatenate([grounds("test"), grounds("train")], axis=3)
    for photo, name in zip(photos, ("china.jpg", "flower.jpg"), strict=False):
        path = Path(sklearn.__file__).parent / "datasets" / "images" / name
        with image.open(path) as original:
            small = np.asarray(original.convert("RGB").resize((144, 96), image.Resampling.BOX))
        # another JPEG decoder may differ in the last bits
        assert np.abs(small.transpose(2, 0, 1).astype(int) - photo).mean() < 1


def test_no_scan_is_in_both_splits_and_each_is_there() -> None:
    split = split_scans(1280, 517)
    assert sorted(np.concatenate([split["train"], split["test"]])) == list(range(SCANS))


@pytest.mark.parametrize(
    ("train", "test", "spread"),
    [(100, 10, 0), (123, 457, 2), (1280, 512, 7)],  # the last uses all but five scans
)
def test_any_split_is_balanced(train: int, test: int, spread: int) -> None:
    _, labels = scans()
    split = split_scans(train, test)
    for part, count in ((split["train"], train), (split["test"], test)):
        assert len(part) == count
        assert np.ptp(np.bincount(labels[part], minlength=10)) <= spread


def test_the_test_digits_stay_when_more_train_digits_are_asked_for() -> None:
    few, many = split_scans(10, 300), split_scans(900, 300)
    assert (few["test"] == many["test"]).all()
    assert (few["train"] == many["train"][:10]).all()


def test_the_order_within_a_class_is_shuffled() -> None:
    _, labels = scans()
    order = np.concatenate([*split_scans(0, SCANS).values()])
    zeros = order[labels[order] == 0]
    assert len(zeros) == 178
    assert 0.3 < (np.diff(zeros) > 0).mean() < 0.7


def test_more_digits_than_there_are_is_an_error() -> None:
    with pytest.raises(HarnessError, match=r"1298 train and 500 test .* there are 1797 scans"):
        split_scans(1298, 500)
