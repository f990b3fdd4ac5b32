"""Stored runs → one row for each point, seed and quantity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import pandas as pd

from harness.errors import ExitCode, HarnessError
from harness.frames.columns import RUN_COLUMNS
from harness.frames.recorded import Recorded
from harness.plan.expand import PlannedExhibit


def index_columns(planned: PlannedExhibit) -> tuple[str, ...]:
    """What tells the cells of an exhibit apart, besides the quantity."""
    return (*planned.exhibit.varied(), *planned.exhibit.added())


def runs_frame(planned: PlannedExhibit, found: Recorded) -> pd.DataFrame:
    """The tidy frame of an exhibit, in the order of its grid; a node without numbers has no row.

    Raises:
        HarnessError: a stored file lacks a field.
    """
    made: list[dict[str, Any]] = []
    for point in planned.points:
        if point.key not in found.contents:
            continue
        try:
            readings = list(point.measure.read(found.contents[point.key]))
        except (KeyError, TypeError, IndexError) as error:
            where = f"node {point.key[:8]}: {point.measure.file}"
            problem = f"does not have the expected fields: {error}"
            raise HarnessError(where, problem, code=ExitCode.RUN_FAILED) from error
        for reading in readings:
            if reading.quantity not in point.measure.quantities:
                problem = f"gives {reading.quantity!r}, which is none of its quantities"
                raise HarnessError(f"measure {point.measure.kind}", problem)
            numbers = {name: getattr(reading, name) for name in _READ}
            row = {**point.axes, **reading.levels, "seed": point.seed, "key": point.key}
            made.append(row | numbers)
    return tidy(made, index_columns(planned), RUN_COLUMNS)


_READ = ("quantity", "value", "text", "unit", "why")


def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame, each a mapping of column to value."""
    return cast("list[dict[str, Any]]", frame.to_dict("records"))


def tidy(
    content: Iterable[Mapping[str, Any]], index: Sequence[str], columns: Iterable[str]
) -> pd.DataFrame:
    """A frame with exactly these columns and stable types, also when there are no rows."""
    frame = pd.DataFrame(list(content), columns=[*index, *columns], dtype=object)
    for name in frame.columns:
        kind: Any = _dtype(name, frame[name])
        frame[name] = frame[name].astype(kind)
    return frame


def _dtype(name: str, values: pd.Series[Any]) -> str:
    if name in ("value", "std"):
        return "float64"
    if name in ("seed", "n"):
        return "int64"
    if name in RUN_COLUMNS:
        return "string"
    present = values.dropna()
    whole = len(present) > 0 and all(type(value) is int for value in present)
    return "Int64" if whole else "string"
