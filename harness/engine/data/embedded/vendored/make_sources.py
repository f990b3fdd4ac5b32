"""Rebuild `digits.npz` and `photos.npz` from the packages that ship the originals.

    pip install numpy pillow scikit-learn matplotlib
    python make_sources.py TARGET_FOLDER

A record of how the two files came to be, not a part of any run: the harness reads the files and
needs none of these packages. The digits come out identical everywhere; the photographs pass through
a JPEG decoder and a resampling filter whose last bit may differ between versions of Pillow (13.0
made these), which is why the result is vendored.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib.cbook
import numpy as np
import sklearn  # type: ignore[import-untyped,import-not-found,unused-ignore]
from PIL import Image
from sklearn.datasets import (  # type: ignore[import-untyped,import-not-found,unused-ignore]
    load_digits,
)

WIDTH, HEIGHT = 144, 96  # 3:2, the format of the two landscape photographs
PORTRAIT_BOX = (0, 60, 512, 401)  # of grace_hopper.jpg, 512 x 600: left, upper, right, lower


def photo(path: Path, box: tuple[int, int, int, int] | None = None) -> np.ndarray:
    """One photograph, cropped to `box` and scaled down, uint8 [96, 144, 3]."""
    with Image.open(path) as image:
        small = image.convert("RGB").resize((WIDTH, HEIGHT), Image.Resampling.BOX, box=box)
    return np.asarray(small, dtype=np.uint8)


def main(target: Path) -> None:
    """Write both files into `target`."""
    digits = load_digits()
    np.savez_compressed(
        target / "digits.npz",
        scans=digits.images.astype(np.uint8),  # [1797, 8, 8], 0 (paper) to 16 (ink)
        labels=digits.target.astype(np.uint8),
    )
    samples = Path(sklearn.__file__).parent / "datasets" / "images"
    portrait = Path(str(matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)))
    photos = [
        photo(samples / "china.jpg"),
        photo(samples / "flower.jpg"),
        photo(portrait, PORTRAIT_BOX),
    ]
    np.savez_compressed(target / "photos.npz", photos=np.stack(photos))  # [3, 96, 144, 3]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
