"""The vendored scans and photographs; scans placed at a size, angle and position; the draws.

Integers alone are computed with: floating point would round differently between machines and
versions; here every step is exact or a floor, so the result is the same to the bit.

Legend: M = images, S = pixels per side of the result, F = fine pixels per side (S times the
oversampling).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import numpy as np
from numpy.typing import NDArray

from harness.errors import HarnessError

Ints = NDArray[np.int64]


def draws(purpose: str, count: int, *, below: int) -> Ints:
    """`count` integers in 0 … below − 1 as int64 [count], drawn for this purpose.

    SHAKE-256 (FIPS 202) of the purpose's name gives 32 bits r per draw, the integer is ⌊r · below /
    2³²⌋; its bias is under below / 2³². A longer list begins with the shorter one, so image i is
    the same whatever the number of images, and purposes do not shift each other. numpy's Generator
    methods may change their streams between versions.
    """
    if not 0 < below < 2**31:
        raise ValueError(f"below must lie in 1 … 2**31 − 1, got {below}")
    stream = hashlib.shake_256(purpose.encode()).digest(4 * count)
    return (np.frombuffer(stream, dtype="<u4").astype(np.int64) * below) >> 32


def draws_between(purpose: str, count: int, low: int, high: int) -> Ints:
    """As `draws`, in low … high, both ends included."""
    return draws(purpose, count, below=high - low + 1) + low


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


Pixels = NDArray[np.int32]

SCAN_SIDE = 8  # pixels per side of a scan
INK = 16  # its value of full ink
OPAQUE = 256  # opacity of full ink in the result
PIXEL = 256  # positions are in 1/256 pixel of the result
WHOLE = 256  # scales are in 1/256 of the image's side
ANGLES_PER_DEGREE = 4

_BITS = 16  # fractional bits of scan coordinates, sines and cosines
_MARGIN = 2  # empty pixels around a scan, so that both neighbours of an outside point exist
_TABLE_BITS = 64  # fractional bits of the two constants below
_COSINE_STEP = 18446568474001174460  # 2**64 * cos(pi / 720), a quarter degree
_SINE_STEP = 80488849690160667  # 2**64 * sin(pi / 720)


@dataclass(frozen=True, slots=True)
class Pose:
    """Where each of M scans lies in its image; all int64 [M].

    scale: side of the scan's box in 1/256 of the image's side. angle: quarter degrees, clockwise.
    right, down: centre of the box as seen from the centre of the image, in 1/256 pixel of the
    result.
    """

    scale: Ints
    angle: Ints
    right: Ints
    down: Ints


def opacity(scans: Bytes, pose: Pose, size: int) -> Pixels:
    """Opacity 0 … 256 of the posed scans (uint8 [M, 8, 8], values 0 … 16) as int32 [M, S, S].

    A fine pixel at q (from the image's centre) shows the scan at p = R(−angle) · (q − shift) · 8 /
    (S · scale) (from the scan's centre), interpolated bilinearly. Below S = 16 several fine pixels
    are averaged into one, otherwise thin strokes would fall between the pixels.
    """
    oversampling = max(1, 16 // size)
    ink = _bilinear(scans, *_scan_places(pose, size, oversampling))
    cells = ink.reshape(len(ink), size, oversampling, size, oversampling).sum(
        axis=(2, 4), dtype=np.int32
    )
    opaque: Pixels = cells // (INK * (1 << _BITS) * oversampling**2 // OPAQUE)
    return opaque


def sines(limit: int) -> tuple[Ints, Ints]:
    """Sine and cosine of −limit … limit quarter degrees, each int64 [2·limit + 1] in 1/65536.

    Powers of exp(iπ/720) in 64-bit fixed point with Python's unbounded integers; error at most
    1/65536.
    """
    cosine, sine = 1 << _TABLE_BITS, 0
    table = [(sine, cosine)]
    for _ in range(limit):
        cosine, sine = (
            (cosine * _COSINE_STEP - sine * _SINE_STEP) >> _TABLE_BITS,
            (cosine * _SINE_STEP + sine * _COSINE_STEP) >> _TABLE_BITS,
        )
        table.append((sine, cosine))
    drop = _TABLE_BITS - _BITS
    positive = np.array([(s >> drop, c >> drop) for s, c in table], dtype=np.int64)
    both = np.concatenate([positive[:0:-1] * (-1, 1), positive])
    return both[:, 0], both[:, 1]


def _scan_places(pose: Pose, size: int, oversampling: int) -> tuple[Pixels, Pixels]:
    """Column and row in the scan of each fine pixel, int32 [M, F, F] in 1/65536 from pixel 0."""
    fine = size * oversampling
    # Fine pixel j lies (2j + 1 − F) / 2 from the image's centre; less the shift, in 1/512 of it.
    centres = (2 * np.arange(fine, dtype=np.int64) + 1 - fine) * PIXEL
    across = centres - 2 * oversampling * pose.right[:, None]  # [M, F]
    down = centres - 2 * oversampling * pose.down[:, None]
    limit = int(np.abs(pose.angle).max(initial=0))
    sine, cosine = (table[pose.angle + limit] for table in sines(limit))
    # A fine pixel is 8 · 256 / (F · scale) scan pixels, so 1/512 of it 8 · 2¹⁵ / (F · scale) of
    # their 1/65536; the 16 bits of sine and cosine stay until `_whole`.
    along = (cosine * (SCAN_SIDE << 15) // (fine * pose.scale))[:, None]
    astride = (sine * (SCAN_SIDE << 15) // (fine * pose.scale))[:, None]
    middle = (SCAN_SIDE - 1) << (_BITS - 1)
    column = (along * across)[:, None, :] + (astride * down)[:, :, None]
    row = (along * down)[:, :, None] - (astride * across)[:, None, :]
    return _whole(column, middle), _whole(row, middle)


def _whole(place: Ints, middle: int) -> Pixels:
    """Without the sines' bits, and counted from pixel 0 instead of from the scan's centre."""
    return ((place >> _BITS) + middle).astype(np.int32)


def _bilinear(scans: Bytes, column: Pixels, row: Pixels) -> Pixels:
    """Scan values between the pixels, int32 [M, F, F] in 1/65536; nothing outside the scan."""
    side = SCAN_SIDE + 2 * _MARGIN
    margin = ((0, 0), (_MARGIN, _MARGIN), (_MARGIN, _MARGIN))
    padded = np.pad(scans.astype(np.int32), margin).reshape(-1)
    (left, right_share), (top, bottom_share) = _cell(column), _cell(row)
    first = np.arange(len(scans), dtype=np.int32)[:, None, None] * (side * side) + top * side + left
    left_share = 256 - right_share
    upper: Pixels = padded.take(first) * left_share + padded.take(first + 1) * right_share
    first += side
    lower: Pixels = padded.take(first) * left_share + padded.take(first + 1) * right_share
    value: Pixels = upper * (256 - bottom_share) + lower * bottom_share
    return value


def _cell(place: Pixels) -> tuple[Pixels, Pixels]:
    """The pixel before `place` in the padded scan, and the share 0 … 255 of the one after it."""
    index = np.clip(place >> _BITS, -_MARGIN, SCAN_SIDE) + _MARGIN
    return index, (place >> (_BITS - 8)) & 255
