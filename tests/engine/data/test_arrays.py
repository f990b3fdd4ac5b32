"""Which arrays are images, which axis has the channels, and what is refused with words."""

from __future__ import annotations

import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.engine.data import arrays
from harness.engine.data.arrays import Source, images, labels, sides_of
from harness.errors import HarnessError

GRAY = np.arange(5 * 8 * 8, dtype=np.uint8).reshape(5, 8, 8)
COLOUR = np.stack([GRAY, 255 - GRAY, GRAY // 2], axis=1)  # [M, C, H, W]


def saved(folder: Path, array: Any) -> Source:
    np.save(folder / "x.npy", array, allow_pickle=True)
    return Source(folder / "x.npy")


def test_gray_and_rgb_with_channels_first_or_last(tmp_path: Path) -> None:
    for array in (GRAY, GRAY[:, None], GRAY[..., None], np.asfortranarray(GRAY)):
        assert np.array_equal(images(saved(tmp_path, array)), GRAY[:, None])
    for array in (COLOUR, COLOUR.transpose(0, 2, 3, 1)):
        assert np.array_equal(images(saved(tmp_path, array)), COLOUR)


def test_an_array_of_an_npz_is_had_by_its_name(tmp_path: Path) -> None:
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "x.npz", images=COLOUR, labels=np.arange(5))
        assert np.array_equal(images(Source(tmp_path / "x.npz", "images")), COLOUR)
        assert labels(Source(tmp_path / "x.npz", "labels"), 5).tolist() == [0, 1, 2, 3, 4]
    with pytest.raises(HarnessError, match="no such array; the file has images, labels"):
        sides_of(Source(tmp_path / "x.npz", "x_train"))


@pytest.mark.parametrize("form", [np.float32, np.float64])
def test_floats_that_are_levels_come_back_as_they_were(tmp_path: Path, form: type) -> None:
    assert np.array_equal(images(saved(tmp_path, GRAY.astype(form) / 255)), GRAY[:, None])


@pytest.mark.parametrize("wrong", [GRAY / 256.0, GRAY * 1.0, GRAY / 255 - 0.5, GRAY * np.nan])
def test_other_floats_are_not_rounded_in_silence(tmp_path: Path, wrong: Any) -> None:
    with pytest.raises(HarnessError, match="not the levels k/255"):
        images(saved(tmp_path, wrong))


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((3, 8, 9), np.uint8), "8x9 pixels, and networks take squares"),
        (np.zeros((3, 3, 3, 3), np.uint8), r"holds uint8 \[3, 3, 3, 3\]"),  # either may be C
        (np.zeros((3, 1, 1, 3), np.uint8), "C = 1 for gray"),
        (np.zeros((3, 4, 8, 8), np.uint8), "C = 1 for gray"),
        (np.zeros((8, 8), np.uint8), r"holds uint8 \[8, 8\]"),
        (np.zeros((0, 8, 8), np.uint8), "holds no images"),
        (np.zeros((3, 8, 8), np.uint16), "holds uint16"),
        (np.zeros((3, 8, 8), bool), "holds bool"),
        (np.zeros((3, 8, 8), "U3"), "holds <U3"),
        (np.array([{}] * 3), "Python objects"),
    ],
)
def test_what_is_no_images(tmp_path: Path, array: Any, said: str) -> None:
    with pytest.raises(HarnessError, match=said):
        sides_of(saved(tmp_path, array))


def test_nothing_is_executed(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "executed",)

    (tmp_path / "x.npz").write_bytes(pickle.dumps(Evil()))
    for source in (Source(tmp_path / "x.npz"), saved(tmp_path, np.array([Evil()] * 3))):
        for read in (images, lambda one: labels(one, 3)):
            with pytest.raises(HarnessError):
                read(source)
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    "wrong", [np.zeros(4, np.int64), np.zeros((5, 1), np.int64), np.zeros(5), np.zeros(5, bool)]
)
def test_labels_are_an_integer_for_each_image(tmp_path: Path, wrong: Any) -> None:
    with pytest.raises(HarnessError, match=r"5 images need integers \[5\]"):
        labels(saved(tmp_path, wrong), 5)


def test_a_file_that_is_cut_empty_or_longer_is_refused(tmp_path: Path) -> None:
    source = saved(tmp_path, GRAY)
    whole = source.path.read_bytes()
    for content in (whole[:-1], whole + b"\0", whole[:20], b"", b"a text"):
        source.path.write_bytes(content)
        with pytest.raises(HarnessError, match="cut or damaged"):
            images(source)
    np.savez_compressed(tmp_path / "x.npz", images=GRAY)
    whole = (tmp_path / "x.npz").read_bytes()
    (tmp_path / "x.npz").write_bytes(whole[:-30])
    with pytest.raises(HarnessError, match="cut or damaged"):
        images(Source(tmp_path / "x.npz", "images"))


def test_no_memory_is_taken_for_what_a_header_only_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (99999999, 999, 999), }\n"
    bomb = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    (tmp_path / "x.npy").write_bytes(bomb)
    with pytest.raises(HarnessError, match="are the most"):
        images(Source(tmp_path / "x.npy"))
    monkeypatch.setattr(arrays, "LARGEST", 300)
    with zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED) as out:
        np.save(tmp_path / "y.npy", GRAY)
        out.write(tmp_path / "y.npy", "images.npy")
    with pytest.raises(HarnessError, match="320 bytes, and 300 are the most"):
        images(Source(tmp_path / "x.npz", "images"))


def test_what_is_not_there_or_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("absent.npy", "pipe", "."):
        with pytest.raises(HarnessError, match=r"cannot be read|is no file"):
            images(Source(tmp_path / name))
