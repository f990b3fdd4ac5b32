"""Scans placed at a size, angle and position, in integer arithmetic alone.

Floating point would round differently between machines and versions; here every step is exact or a
floor, so the result is the same to the bit.
"""

# Legend: M = images, S = pixels per side of the result, F = fine pixels per side (S times the
# oversampling)

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.engine.data.embedded.draws import Ints

Bytes = NDArray[np.uint8]
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
