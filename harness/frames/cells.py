"""Runs → cells: mean, spread and number of seeds of each number that an exhibit shows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean, stdev
from typing import Any

import pandas as pd

from harness.frames.columns import CELL_COLUMNS
from harness.frames.runs import rows, tidy

Level = tuple[Any, ...]


def cells(
    runs: pd.DataFrame, index: Sequence[str], planned: Iterable[tuple[Mapping[str, Any], int]]
) -> pd.DataFrame:
    """One row per cell, quantities in order of appearance, each in the order of the grid.

    `planned` holds the axes and the seed of every point. A seed that was planned and has no value
    makes its cell undefined: the mean of those runs that happened to succeed is another quantity.
    """
    groups: dict[tuple[str, Level], list[dict[str, Any]]] = {}
    for row in rows(runs):
        level = tuple(row[name] for name in index)
        groups.setdefault((row["quantity"], _plain(level)), []).append(row)
    seeds = _Seeds(list(planned))
    order = {name: place for place, name in enumerate(dict.fromkeys(q for q, _ in groups))}
    made = sorted(groups.items(), key=lambda group: order[group[0][0]])  # stable
    content = []
    for (quantity, level), members in made:
        levels = dict(zip(index, level, strict=True))
        content.append(levels | {"quantity": quantity} | _cell(members, seeds.at(levels)))
    return tidy(content, index, CELL_COLUMNS)


def _plain(level: Level) -> Level:
    return tuple(None if pd.isna(value) else value for value in level)


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
        "n": len(members),
        "text": texts.pop() if len(texts) == 1 and not why else None,
        "unit": members[0]["unit"],
        "why": "; ".join(why),
    }


class _Seeds:
    """The planned seeds at the axes that a cell has a level of."""

    def __init__(self, points: Sequence[tuple[Mapping[str, Any], int]]) -> None:
        self._points = points
        self._known: dict[tuple[str, ...], dict[Level, list[int]]] = {}

    def at(self, levels: Mapping[str, Any]) -> list[int]:
        axes = self._points[0][0] if self._points else {}
        named = tuple(name for name in axes if levels.get(name) is not None)
        if named not in self._known:
            table: dict[Level, list[int]] = {}
            for point, seed in self._points:
                here = table.setdefault(tuple(point[name] for name in named), [])
                if seed not in here:
                    here.append(seed)
            self._known[named] = table
        return self._known[named].get(tuple(levels[name] for name in named), [])
