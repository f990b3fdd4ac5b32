"""A packed map comes back, cell by cell, within half of the step that it states."""

from __future__ import annotations

import base64
import zlib

import numpy as np
import pytest

from harness.report.maps import Packed, pack


def unpacked(packed: Packed, rows: int, columns: int) -> list[list[float]]:
    """The way back in plain loops, as the page's script goes it."""
    planes = zlib.decompress(base64.b64decode(packed.text))
    n = rows * columns
    counts: list[list[int]] = [[0] * columns for _ in range(rows)]
    for cell in range(n):
        row, column = divmod(cell, columns)
        folded = planes[cell] + 256 * planes[n + cell]
        left_over = folded // 2 if folded % 2 == 0 else -(folded + 1) // 2
        left = counts[row][column - 1] if column else 0
        below = counts[row - 1][column] if row else 0
        corner = counts[row - 1][column - 1] if row and column else 0
        counts[row][column] = (left_over + left + below - corner) % 65536
    return [
        [np.nan if count == 65535 else packed.low + count * packed.step for count in row]
        for row in counts
    ]


def random(shape: tuple[int, int], scale: float = 1.0) -> np.ndarray:
    return scale * np.random.default_rng(0).random(shape)


HOLES = random((5, 7))
HOLES[0, 0] = HOLES[2, 3] = HOLES[4, 6] = np.nan


@pytest.mark.parametrize(
    ("matrix", "step"),
    [
        (random((9, 13)), 0.001),
        (random((4, 4)) - 0.5, 0.001),  # an unbiased estimate may lie below 0
        (random((3, 5), 3000.0), 0.1),
        (random((3, 5), 3e9), 100_000.0),
        (random((3, 5), 0.01) + 7, 0.001),
        (HOLES, 0.001),
        (np.full((2, 3), np.nan), 0.001),
        (np.full((2, 3), 0.25), 0.001),
        (np.zeros((1, 1)), 0.001),
    ],
)
def test_values_come_back_within_half_a_step(matrix: np.ndarray, step: float) -> None:
    packed = pack(matrix)
    assert packed.step == step
    found = np.array(unpacked(packed, *matrix.shape))
    assert np.array_equal(np.isnan(found), np.isnan(matrix))
    assert np.nanmax(np.abs(found - matrix), initial=0) <= step / 2 * (1 + 1e-6)


def test_a_smooth_map_takes_less_than_a_byte_a_cell() -> None:
    place = np.linspace(0, 3, 200)
    smooth = 0.5 + 0.4 * np.sin(place[:, None]) * np.cos(place)
    assert len(base64.b64decode(pack(smooth).text)) < smooth.size / 2


def test_equal_maps_have_one_name() -> None:
    assert pack(random((3, 3))).name == pack(random((3, 3)) + 1e-9).name
    assert pack(random((3, 3))).name != pack(random((3, 3)).T).name
