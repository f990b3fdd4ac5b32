"""Scans at a pose: the integer renderer against the same formula in float64."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.engine.data.embedded.scans import Pose, draws, draws_between, opacity, sines


def poses(count: int, size: int) -> Pose:
    return Pose(
        scale=draws_between("scale", count, 96, 400),
        angle=draws_between("angle", count, -720, 720),
        right=draws_between("right", count, -size * 128, size * 128),
        down=draws_between("down", count, -size * 128, size * 128),
    )


def middle(count: int = 1, *, scale: int = 256, angle: int = 0, right: int = 0) -> Pose:
    full = np.full(count, 1, dtype=np.int64)
    return Pose(scale=full * scale, angle=full * angle, right=full * right, down=full * 0)


def by_floats(scans: NDArray[np.uint8], pose: Pose, size: int) -> NDArray[np.float64]:
    """Opacity by the docstring's formula, pixel after pixel."""
    fine = size * max(1, 16 // size)
    result = np.zeros((len(scans), fine, fine))
    for m in range(len(scans)):
        angle = math.radians(pose.angle[m] / 4)
        stretch = 8 / (size * pose.scale[m] / 256)
        for y in range(fine):
            for x in range(fine):
                across = (x + 0.5) * size / fine - size / 2 - pose.right[m] / 256
                down = (y + 0.5) * size / fine - size / 2 - pose.down[m] / 256
                column = (math.cos(angle) * across + math.sin(angle) * down) * stretch + 3.5
                row = (math.cos(angle) * down - math.sin(angle) * across) * stretch + 3.5
                for r in range(8):
                    for c in range(8):
                        share = max(0, 1 - abs(row - r)) * max(0, 1 - abs(column - c))
                        result[m, y, x] += share * scans[m, r, c]
    block = fine // size
    cells = result.reshape(len(scans), size, block, size, block).mean(axis=(2, 4))
    return np.asarray(cells * 256 / 16)


@pytest.mark.parametrize("size", [8, 12, 16])
def test_it_is_the_formula_in_floating_point(size: int) -> None:
    scans = draws("scans", 6 * 64, below=17).reshape(6, 8, 8).astype(np.uint8)
    pose = poses(6, size)
    rendered = opacity(scans, pose, size)
    assert rendered.dtype == np.int32
    # floor of the result (1), 8-bit weights (2 · 256/256) and 1/65536 places (below 0.1)
    assert np.abs(rendered - by_floats(scans, pose, size)).max() < 3


def test_sines_and_cosines_are_right_to_the_last_bit() -> None:
    sine, cosine = sines(720)
    angles = [math.radians(quarter / 4) for quarter in range(-720, 721)]
    assert np.abs(sine / 65536 - np.sin(angles)).max() <= 1 / 65536
    assert np.abs(cosine / 65536 - np.cos(angles)).max() <= 1 / 65536
    assert (sine == -sine[::-1]).all()
    assert (sine[720], cosine[720]) == (0, 65536)


def test_full_ink_is_opaque_and_paper_is_not_there() -> None:
    ink = np.full((1, 8, 8), 16, dtype=np.uint8)
    assert (opacity(ink, middle(scale=512), 16) == 256).all()
    assert (opacity(ink * 0, middle(), 16) == 0).all()


def test_the_upright_scan_at_double_size_interpolates_its_pixels() -> None:
    scan = np.zeros((1, 8, 8), dtype=np.uint8)
    scan[0, 2, 5] = 16
    rendered = opacity(scan, middle(), 16)[0]
    assert rendered[4:6, 10:12].tolist() == [[144, 144], [144, 144]]  # 256 · (3/4)²
    assert rendered[3, 10:12].tolist() == [48, 48]  # 256 · 3/4 · 1/4
    assert rendered.sum() == 4 * 256


def test_a_quarter_turn_is_clockwise_and_a_shift_goes_right() -> None:
    scan = np.zeros((1, 8, 8), dtype=np.uint8)
    scan[0, 3:5, 7] = 16  # the right edge
    turned = opacity(scan, middle(angle=360), 16)[0]
    assert turned[14:, 5:11].sum() > 0.85 * turned.sum()  # the bottom edge
    shifted = opacity(scan, middle(right=-4 * 256), 16)[0]
    assert shifted[6:10, 10:12].sum() > 0.6 * shifted.sum()
