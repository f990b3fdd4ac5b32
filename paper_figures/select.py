"""Rows of a frame at given levels, what a frame has levels of, and the matrix of a map."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

Levels = dict[str, Any]
Matrix = NDArray[np.float64]
AXES = (
    "network",
    "neuron",
    "dataset",
    "recipe",
    "depth",
    "width",
    "stages_without_shortcut",
    "one_step_stages",
    "time_steps",
    "cka",
    "attack",
    "probe",
    "regression",
    "activation_maximisation",
)
"""What an exhibit may vary, beside fields by their path; a drawing is given those that it holds
fixed, too.
"""


def axes_of(frame: DataFrame) -> tuple[str, ...]:
    """The axes that a frame has, those by path last, as `neuron.threshold`."""
    by_path = (str(name) for name in frame.columns if "." in str(name))
    return (*(axis for axis in AXES if axis in frame.columns), *by_path)


def at(frame: DataFrame, levels: Mapping[str, Any]) -> DataFrame:
    """The rows at these levels; an axis that the frame has not says nothing."""
    chosen = np.ones(len(frame), dtype=bool)
    for axis, level in levels.items():
        if axis in frame.columns:
            chosen &= (frame[axis] == level).fillna(value=False).to_numpy(dtype=bool)
    return frame[chosen]


def levels_of(frame: DataFrame, axis: str) -> list[Any]:
    """The levels that occur, in the order of the frame; nothing for an axis that it has not."""
    return list(frame[axis].dropna().unique()) if axis in frame.columns else []


def points(frame: DataFrame, axes: Sequence[str] | None = None) -> list[Levels]:
    """Each combination of levels that occurs, in the order of the frame."""
    known = [axis for axis in axes or axes_of(frame) if axis in frame.columns]
    if frame.empty:
        return []
    found = frame[known].drop_duplicates().to_dict("records") if known else [{}]
    return [{str(axis): row[axis] for axis in known if _is_level(row[axis])} for row in found]


def told_apart(among: Sequence[Levels]) -> tuple[str, ...]:
    """The axes in which these points differ, those apart that have no level of one."""
    names = dict.fromkeys(axis for levels in among for axis in levels)
    return tuple(
        axis for axis in names if len({str(one[axis]) for one in among if axis in one}) > 1
    )


def through(frame: DataFrame, along: str, among: Iterable[str]) -> tuple[DataFrame, Levels]:
    """The rows over one axis, and where they hold the others: at those levels which have the most
    levels of it. A row without a level, as an ANN has no time steps, is held anywhere.
    """
    others = [axis for axis in among if axis != along and levels_of(frame, axis)]
    whole = frame.dropna(subset=[along, *others])
    places = points(whole, others)
    if not places:
        return frame[frame[along].notna()], {}
    held = max(places, key=lambda place: len(levels_of(at(whole, place), along)))
    for axis, level in held.items():
        frame = frame[(frame[axis] == level).fillna(value=True).to_numpy(dtype=bool)]
    return frame, held


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


def curve(frame: DataFrame, levels: Mapping[str, Any], quantity: str = "diagonal") -> DataFrame:
    """The rows of a quantity over layers, in execution order, with their place in a column `at`."""
    here = at(frame[frame["quantity"] == quantity], levels)
    return here.assign(at=range(len(here)))


def _is_level(value: Any) -> bool:
    return value is not None and value == value and str(value) != "<NA>"
