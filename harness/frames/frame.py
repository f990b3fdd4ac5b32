"""The frame of an exhibit: its runs, its cells, what should be there and is not; and its files,
frame.csv (the cells) and frame.json (columns, cells, runs).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from harness.canonical import digest
from harness.frames.cells import CELL_COLUMNS, RUN_COLUMNS, SE, cells, rows, runs_frame
from harness.frames.maps import Maps, maps_of
from harness.frames.recorded import Absence, Artifacts, Recorded, recorded
from harness.parts.base import identity
from harness.plan.course import settings_of
from harness.plan.expand import PlannedExhibit, Point

VERSION = 1  # of frame.json
MAPS = "maps.csv.gz"


@dataclass(frozen=True)
class Planned:
    """The axes of one point, and why it has no numbers, if so.

    `trainings` names the networks that it rests on, whatever their seeds: two points with one of
    them in common are not independent. `spiking` is None where they differ in that; `chance` is
    the accuracy of a guess, in percent.
    """

    axes: Mapping[str, Any]
    seed: int
    key: str
    absence: Absence | None
    trainings: tuple[str, ...] = ()
    spiking: bool | None = None
    chance: float = math.nan


@dataclass(frozen=True)
class LearningCurve:
    """One run; accuracies in percent by epoch from 1, NaN where the file has no number."""

    axes: Mapping[str, Any]
    seed: int
    train: tuple[float, ...]
    test: tuple[float, ...]
    best_epoch: int | None
    settings: str = ""  # the digest of its training's settings


@dataclass(frozen=True)
class Frame:
    """`index` names the columns that tell cells apart; `runs` and `cells` as in `columns`. `maps`
    holds what has too many numbers for cells; `fine` are quantities whose cells are too many to be
    listed one by one, `pinned` those that a measured golden file holds. `left_out` has the axes of
    points that were not asked for, by each quantity that they would give.
    """

    exhibit: str
    index: tuple[str, ...]
    runs: pd.DataFrame
    cells: pd.DataFrame
    points: tuple[Planned, ...]
    curves: tuple[LearningCurve, ...]
    maps: Maps | None = None
    fine: frozenset[str] = frozenset()
    pinned: tuple[str, ...] = ()
    left_out: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    se: tuple[float, ...] = ()  # of each cell, over images; NaN where it is not known

    def is_asked_for(self, quantity: str, levels: Mapping[str, str]) -> bool:
        """Whether a cell, or the cells that it is derived from, are none of those left out."""
        return not any(
            all(levels[axis] == ("" if at is None else str(at)) for axis, at in axes.items())
            for axes in self.left_out.get(quantity, ())
        )


def frame_of(planned: PlannedExhibit, artifacts: Artifacts, failures: Mapping[str, str]) -> Frame:
    """Everything that the store says about an exhibit. `failures`: key → why its run went wrong.

    Raises:
        HarnessError: a stored file lacks a field.
    """
    found = recorded(planned, artifacts, failures)
    fine = {name for one in planned.exhibit.measure for name in one.fine}
    fine |= {one.quantity for one in planned.exhibit.derive if one.of in fine}
    index, runs = planned.index, runs_frame(planned, found)
    made = cells(runs, index, [(point.axes, point.seed) for point in planned.points])
    points = tuple(_planned(point, found.absent.get(point.key)) for point in planned.points)
    return Frame(
        exhibit=planned.exhibit.id,
        index=index,
        runs=runs.drop(columns=SE),
        cells=made.drop(columns=SE),
        points=points,
        curves=_curves(planned, found),
        maps=maps_of(planned, found),
        fine=frozenset(fine),
        pinned=planned.exhibit.pinned(),
        left_out=_left_out(planned),
        se=tuple(made[SE]),
    )


def _left_out(planned: PlannedExhibit) -> dict[str, tuple[Mapping[str, Any], ...]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for point in planned.left_out:
        for quantity in point.measure.quantities:
            found.setdefault(quantity, []).append(point.axes)
    for one in planned.exhibit.derive:  # which lacks a side, and so is at no level of `over`
        for axes in found.get(one.of, ()):
            if one.over not in axes or str(axes[one.over]) in one.sides:
                found.setdefault(one.quantity, []).append({**axes, one.over: None})
    return {quantity: tuple(every) for quantity, every in found.items()}


def _planned(point: Point, absence: Absence | None) -> Planned:
    said = [
        one.model_dump(mode="json") | {"seed": one.seed - point.seed} for one in point.trainings
    ]
    kinds = {one.neuron.is_spiking for one in point.trainings}
    return Planned(
        point.axes,
        point.seed,
        point.key,
        absence,
        tuple(map(digest, said)),
        kinds.pop() if len(kinds) == 1 else None,
        100 / point.run.dataset.classes,
    )


def _curves(planned: PlannedExhibit, found: Recorded) -> tuple[LearningCurve, ...]:
    """The curves of all stored trainings of an exhibit; none for measures that train nothing."""
    curves = []
    for point in planned.points:
        content = found.contents.get(point.key, {})
        if history := content.get("history"):
            best = content.get("best_epoch")
            train, test = (
                tuple(_number(epoch.get(f"{split}_accuracy")) for epoch in history)
                for split in ("train", "test")
            )
            best = best if isinstance(best, int) else None
            settings = settings_of(identity(point.run))
            curves.append(LearningCurve(point.axes, point.seed, train, test, best, settings))
    return tuple(curves)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


def frame_csv(frame: Frame) -> bytes:
    """The cells, one line each; an empty value has its reason in the column `why`."""
    text: str = frame.cells.to_csv(index=False, lineterminator="\n")
    return text.encode()


def frame_json(frame: Frame) -> bytes:
    """The whole frame. A null value or std is never an accident: see `why` and `columns`."""
    content = {
        "version": VERSION,
        "exhibit": frame.exhibit,
        "index": list(frame.index),
        "columns": {"cells": dict(CELL_COLUMNS), "runs": dict(RUN_COLUMNS)},
        "cells": records(frame.cells),
        "runs": records(frame.runs),
        "absent": [
            {
                "axes": dict(point.axes),
                "seed": point.seed,
                "key": point.key,
                "why": point.absence.reason,
            }
            for point in frame.points
            if point.absence
        ],
    }
    return (json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as plain JSON values."""
    return [{str(name): _plain(value) for name, value in row.items()} for row in rows(frame)]


def _plain(value: Any) -> Any:
    if pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else value
