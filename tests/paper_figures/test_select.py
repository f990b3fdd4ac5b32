"""Rows at levels, and rows as a matrix: by what they say, never by where they stand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from paper_figures.select import at, curve, matrix, names
from tests.paper_figures.made import cell_rows, map_rows, values


def test_a_matrix_is_placed_by_its_columns_y_and_x() -> None:
    wanted = values(3, 5)
    assert np.array_equal(matrix(map_rows("m", wanted)), wanted)


def test_a_cell_without_a_value_or_without_a_row_is_nan() -> None:
    wanted = values(3, 3)
    wanted[1, 2] = np.nan
    rows = map_rows("m", wanted)
    rows = rows[~((rows["y"] == 0) & (rows["x"] == 1))]
    wanted[0, 1] = np.nan
    assert np.array_equal(matrix(rows), wanted, equal_nan=True)


def test_no_rows_are_an_empty_matrix() -> None:
    assert matrix(map_rows("m", values(2, 2)).iloc[:0]).shape == (0, 0)


def test_two_maps_are_not_one() -> None:
    both = pd.concat([map_rows("m", values(2, 2), depth=20), map_rows("m", values(2, 2), depth=38)])
    with pytest.raises(ValueError, match="hold more axes"):
        matrix(both)
    part = both[(both["depth"] == 20) | ((both["y"] == 0) & (both["x"] == 0))]
    with pytest.raises(ValueError, match="hold more axes"):
        matrix(part)


def test_names_stand_in_the_order_of_the_axis() -> None:
    rows = map_rows("m", values(2, 3), labels_x=("conv1", "bn1", "s1.b0"), labels_y=("a", "b"))
    assert names(rows, "x") == ["conv1", "bn1", "s1.b0"]
    assert names(rows, "y") == ["a", "b"]


@pytest.mark.parametrize(
    ("levels", "kept"),
    [
        ({"depth": 20}, [0]),
        ({"depth": 164}, []),
        ({"map": "ann-snn", "depth": 38}, [1]),
        ({"no_such_axis": 1, "depth": 20}, [0]),
    ],
)
def test_rows_at_levels(levels: dict[str, object], kept: list[int]) -> None:
    depth = pd.array([20, 38, None], dtype="Int64")
    frame = pd.DataFrame({"depth": depth, "map": ["ann-snn", "ann-snn", None]})
    assert list(at(frame, levels).index) == kept


def test_a_curve_counts_its_layers_in_their_order() -> None:
    frame = pd.concat([
        cell_rows("mean", [0.5], depth=20),
        cell_rows("diagonal", [0.9, 0.7, 0.8], depth=20),
        cell_rows("diagonal", [0.1], depth=38),
    ])  # fmt: skip
    found = curve(frame, {"depth": 20})
    assert list(found["value"]) == [0.9, 0.7, 0.8]
    assert list(found["at"]) == [0, 1, 2]
