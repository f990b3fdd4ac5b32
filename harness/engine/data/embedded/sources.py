"""The vendored scans and photographs, and which scans make train and which make test images."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import numpy as np
from numpy.typing import NDArray

from harness.engine.data.embedded.draws import Ints, draws
from harness.errors import HarnessError

Bytes = NDArray[np.uint8]

CLASSES = 10
SCANS = 1797
TEST_COLUMNS = 48  # of the 144: the left third of each photograph


@cache
def scans() -> tuple[Bytes, Ints]:
    """The digit scans uint8 [1797, 8, 8], 0 (paper) … 16 (ink), and their labels int64 [1797]; not
    to be written to.
    """
    arrays = _read("digits.npz")
    return arrays["scans"], arrays["labels"].astype(np.int64)


@cache
def grounds(split: str) -> Bytes:
    """The photographs' part of a split, uint8 [3, 3, 96, 48 (test) or 96 (train)]: photograph,
    colour, row, column.
    """
    photos = np.ascontiguousarray(_read("photos.npz")["photos"].transpose(0, 3, 1, 2))
    return photos[..., :TEST_COLUMNS] if split == "test" else photos[..., TEST_COLUMNS:]


def split_scans(train: int, test: int) -> dict[str, Ints]:
    """Indices of the scans that make train and test images; no scan is in both.

    All scans stand in one fixed random order in which the classes take turns, test scans first, so
    every stretch of it has each class equally often (until, from scan 1740 on, the rarer classes
    run out). Raises HarnessError when there are not so many scans.
    """
    if train + test > SCANS:
        raise HarnessError(
            "digits on photos",
            f"{train} train and {test} test digits asked for, there are {SCANS} scans",
            hint="ask for fewer images or more images_per_digit",
        )
    _, labels = scans()
    keys = draws("digits-on-photos/order", len(labels), below=2**31 - 1)
    by_class = np.lexsort((keys, labels))  # a shuffle inside each class
    starts = np.searchsorted(labels[by_class], np.arange(CLASSES))
    turn = np.arange(len(labels)) - starts[labels[by_class]]
    order = by_class[np.lexsort((labels[by_class], turn))].astype(np.int64)
    return {"test": order[:test], "train": order[test : test + train]}


def _read(name: str) -> dict[str, Bytes]:
    place: Traversable = files("harness.engine.data.embedded") / "vendored" / name
    with place.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        return {key: archive[key] for key in archive.files}
