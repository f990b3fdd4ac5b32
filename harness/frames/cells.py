"""Stored runs → one row for each point, seed and quantity, with what is derived from others; and
these → cells: mean, spread and number of seeds.

Both frames start with the index of their cells (the axes that the exhibit varies, then what its
measure adds, as `stage`), followed by the columns below. An empty index field says that the number
is of no particular level: a gap between neurons has no neuron.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean, stdev
from typing import Any, cast

import pandas as pd

from harness.errors import ExitCode, HarnessError
from harness.frames.recorded import Recorded
from harness.plan.expand import PlannedExhibit
from harness.spec.exhibit import Derived

RUN_COLUMNS: Mapping[str, str] = {
    "seed": "seed of the run",
    "key": "address of the node in the store; empty where the number rests on several nodes",
    "quantity": "what the number is",
    "value": "the number; empty for words and where it is undefined",
    "text": "the words, where the quantity is no number",
    "unit": "unit of the value",
    "why": "why the value is undefined; empty where it is defined",
}
CELL_COLUMNS: Mapping[str, str] = {
    "quantity": RUN_COLUMNS["quantity"],
    "value": "mean over the seeds; empty for words and where it is undefined",
    "std": "sample standard deviation over the seeds (n − 1); empty where n < 2",
    "n": "number of seeds that the value rests on",
    "text": RUN_COLUMNS["text"],
    "unit": RUN_COLUMNS["unit"],
    "why": RUN_COLUMNS["why"],
}
SE = "se"
"""A column beside these, that is in no file: the standard error over images of a CKA. That of a
mean over seeds is at most their mean, since all networks saw the same images."""
POINTS = "percentage points"
RATIO = "ratio"
Level = tuple[Any, ...]


def runs_frame(planned: PlannedExhibit, found: Recorded) -> pd.DataFrame:
    """The tidy frame of an exhibit, in the order of its grid, then what is derived; a node without
    numbers has no row.

    Raises:
        HarnessError: a stored file lacks a field.
    """
    made: list[dict[str, Any]] = []
    for point in planned.points:
        if point.key not in found.contents:
            continue
        measure = point.measure
        try:
            readings = list(measure.read(found.contents[point.key]))
        except (KeyError, TypeError, IndexError) as error:
            where = f"node {point.key[:8]}: {measure.file}"
            problem = f"does not have the expected fields: {error}"
            raise HarnessError(where, problem, code=ExitCode.RUN_FAILED) from error
        at = {**dict.fromkeys(planned.index), **point.axes}
        for reading in readings:
            if reading.quantity not in measure.quantities:
                problem = f"gives {reading.quantity!r}, which is none of its quantities"
                raise HarnessError(f"measure {measure.kind}", problem)
            levels = {**at, **reading.levels, "seed": point.seed, "key": point.key}
            numbers = ("quantity", "value", "text", "unit", "why", "se")
            made.append(levels | {name: getattr(reading, name) for name in numbers})
    made += [row for one in planned.exhibit.derive for row in _derived(made, one, planned.index)]
    return tidy(made, planned.index, (*RUN_COLUMNS, SE))


def _derived(
    made: Sequence[Mapping[str, Any]], one: Derived, index: Sequence[str]
) -> Iterable[dict[str, Any]]:
    """minuend − subtrahend, or dividend / divisor, seed by seed, for each pair of numbers that
    differ in nothing but `over`; a seed that lacks a side has none.
    """
    kept = (*(name for name in index if name != one.over), "seed")
    sides: dict[str, dict[Level, Mapping[str, Any]]] = {}
    for row in made:
        if row["quantity"] == one.of and row[one.over] is not None:
            side = sides.setdefault(str(row[one.over]), {})
            side[tuple(row[name] for name in kept)] = row
    first, second = one.sides
    for at, row in sides.get(first, {}).items():
        other = sides.get(second, {}).get(at)
        if other is None:
            continue
        whys = [f"{side}: {of['why']}" for side, of in ((first, row), (second, other)) if of["why"]]
        if one.is_ratio and other["value"] == 0:
            whys.append(f"{second} is 0, and nothing is divided by it")
        value, unit = math.nan, POINTS if row["unit"] == "percent" else row["unit"]
        if not whys:
            a, b = row["value"], other["value"]
            value = a / b if one.is_ratio else a - b
        yield {
            **dict(zip(kept, at, strict=True)),
            one.over: None,
            "quantity": one.quantity,
            "value": value,
            "unit": RATIO if one.is_ratio else unit,
            "why": "; ".join(whys),
        }


def cells(
    runs: pd.DataFrame, index: Sequence[str], planned: Iterable[tuple[Mapping[str, Any], int]]
) -> pd.DataFrame:
    """One row per cell, quantities in order of appearance, each in the order of the grid.

    `planned` holds the axes and the seed of every point. A seed that was planned and has no value
    makes its cell undefined: the mean of those runs that happened to succeed is another quantity.
    """
    groups: dict[tuple[str, Level], list[dict[str, Any]]] = {}
    for row in rows(runs):
        level = tuple(None if pd.isna(row[name]) else row[name] for name in index)
        groups.setdefault((row["quantity"], level), []).append(row)
    points = list(planned)
    order = {name: place for place, name in enumerate(dict.fromkeys(q for q, _ in groups))}
    made = sorted(groups.items(), key=lambda group: order[group[0][0]])  # stable
    content = []
    for (quantity, level), members in made:
        levels = dict(zip(index, level, strict=True))
        content.append(levels | {"quantity": quantity} | _cell(members, _seeds(points, levels)))
    return tidy(content, index, (*CELL_COLUMNS, SE))


def _cell(members: Sequence[Mapping[str, Any]], expected: Sequence[int]) -> dict[str, Any]:
    lacking = [seed for seed in expected if seed not in {row["seed"] for row in members}]
    why = [f"seed {row['seed']}: {row['why']}" for row in members if row["why"]]
    if lacking:
        missing = ", ".join(map(str, lacking))
        why.append(f"{len(lacking)} of {len(expected)} seeds have no value ({missing})")
    texts = {row["text"] for row in members if not pd.isna(row["text"])}
    if len(texts) > 1:
        why.append(f"the seeds disagree: {', '.join(sorted(texts))}")
    values = [row["value"] for row in members]
    usable = not why and not texts
    return {
        "value": fmean(values) if usable else math.nan,
        "std": stdev(values) if usable and len(values) > 1 else math.nan,
        SE: fmean(row.get(SE, math.nan) for row in members) if usable else math.nan,
        "n": len(members),
        "text": texts.pop() if len(texts) == 1 and not why else None,
        "unit": members[0]["unit"],
        "why": "; ".join(why),
    }


def _seeds(points: Sequence[tuple[Mapping[str, Any], int]], levels: Mapping[str, Any]) -> list[int]:
    """The planned seeds at the axes that a cell has a level of."""
    held = {name: level for name, level in levels.items() if level is not None}
    found = (
        seed
        for axes, seed in points
        if all(axes[name] == level for name, level in held.items() if name in axes)
    )
    return list(dict.fromkeys(found))


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
    if name in ("value", "std", SE):
        return "float64"
    if name in ("seed", "n"):
        return "int64"
    if name in RUN_COLUMNS:
        return "string"
    present = values.dropna()
    whole = len(present) > 0 and all(type(value) is int for value in present)
    return "Int64" if whole else "string"
