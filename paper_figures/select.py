"""Rows of a frame at given levels, and the matrix of a map."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

Levels = dict[str, Any]
Matrix = NDArray[np.float64]


def at(frame: DataFrame, levels: Levels) -> DataFrame:
    """The rows at these levels; an axis that the frame has not says nothing."""
    chosen = np.ones(len(frame), dtype=bool)
    for axis, level in levels.items():
        if axis in frame.columns:
            chosen &= (frame[axis] == level).fillna(value=False).to_numpy(dtype=bool)
    return frame[chosen]


def matrix(maps: DataFrame) -> Matrix:
    """[Y, X] of the rows of one map, NaN where the value is undefined; [0, 0] where there are none.

    Raises:
        ValueError: a cell stands twice, so the rows are of several maps.
    """
    if maps.empty:
        return np.empty((0, 0))
    y, x = maps["y"].to_numpy(dtype=int), maps["x"].to_numpy(dtype=int)
    values = np.full((y.max() + 1, x.max() + 1), np.nan)
    if len(maps) > values.size or len(np.unique(y * values.shape[1] + x)) < len(maps):
        raise ValueError(f"{len(maps)} cells for a map of {values.shape}: hold more axes")
    values[y, x] = maps["value"].to_numpy(dtype=float)
    return values


def names(maps: DataFrame, side: str) -> list[str]:
    """The layers along a side, `x` or `y`, in order."""
    there = maps.drop_duplicates(side).sort_values(side)
    return [str(name) for name in there[f"label_{side}"]]


def curve(frame: DataFrame, levels: Levels, quantity: str = "diagonal") -> DataFrame:
    """The rows of a quantity over layers, in execution order, with their place in a column `at`."""
    here = at(frame[frame["quantity"] == quantity], levels)
    return here.assign(at=range(len(here)))
