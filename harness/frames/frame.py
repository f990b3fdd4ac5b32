"""The frame of an exhibit: its runs, its cells, and what should be there and is not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from harness.canonical import digest
from harness.frames.cells import cells
from harness.frames.curves import LearningCurve, learning_curves
from harness.frames.derive import derived
from harness.frames.maps import Maps, maps_of
from harness.frames.recorded import Absence, Artifacts, recorded
from harness.frames.runs import index_columns, runs_frame
from harness.plan.expand import PlannedExhibit, Point


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
class Frame:
    """`index` names the columns that tell cells apart; `runs` and `cells` as in `columns`. `maps`
    holds what has too many numbers for cells; `fine` are quantities whose cells are too many to be
    listed one by one, `pinned` those that a measured golden file holds.
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


def frame_of(planned: PlannedExhibit, artifacts: Artifacts, failures: Mapping[str, str]) -> Frame:
    """Everything that the store says about an exhibit. `failures`: key → why its run went wrong.

    Raises:
        HarnessError: a stored file lacks a field.
    """
    found = recorded(planned, artifacts, failures)
    index = index_columns(planned)
    runs = derived(runs_frame(planned, found), planned.exhibit.derive, index)
    points = tuple(_planned(point, found.absent.get(point.key)) for point in planned.points)
    return Frame(
        exhibit=planned.exhibit.id,
        index=index,
        runs=runs,
        cells=cells(runs, index, [(point.axes, point.seed) for point in points]),
        points=points,
        curves=learning_curves(planned, found),
        maps=maps_of(planned, found),
        fine=frozenset(name for one in planned.exhibit.measure for name in one.fine),
        pinned=planned.exhibit.pinned(),
    )


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
