"""What a check is given: the part of a frame that it needs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import pandas as pd

from harness.check.golden import level_text
from harness.check.seed_values import SeedValues


class Absent(Protocol):
    """Why a planned run has no numbers; `failed` where it went wrong rather than never began."""

    @property
    def reason(self) -> str: ...
    @property
    def failed(self) -> bool: ...


class PlannedPoint(Protocol):
    """Where a number should come from."""

    @property
    def axes(self) -> Mapping[str, Any]: ...
    @property
    def absence(self) -> Absent | None: ...
    @property
    def key(self) -> str: ...
    @property
    def trainings(self) -> tuple[str, ...]: ...
    @property
    def spiking(self) -> bool | None: ...
    @property
    def chance(self) -> float: ...


class Measured(Protocol):
    """What was measured: a frame of cells with its index, the runs that they are means of, and the
    points that were planned; `fine` are the quantities of too many cells to be listed one by one.
    """

    @property
    def index(self) -> tuple[str, ...]: ...
    @property
    def cells(self) -> pd.DataFrame: ...
    @property
    def runs(self) -> pd.DataFrame: ...
    @property
    def points(self) -> Sequence[PlannedPoint]: ...
    @property
    def fine(self) -> frozenset[str]: ...


@dataclass(frozen=True)
class Origin:
    """What a cell is made of: the number of each seed, and the networks behind them, as the points
    name them. A cell without networks is derived from others.
    """

    values: SeedValues = field(default_factory=dict)
    trainings: tuple[str, ...] = ()
    spiking: bool | None = None
    chance: float = math.nan


def origins(measured: Measured) -> dict[tuple[str, ...], Origin]:
    """The origin of each cell by quantity and levels."""
    points = {point.key: point for point in measured.points}
    values: dict[tuple[str, ...], dict[int, float]] = {}
    behind: dict[tuple[str, ...], PlannedPoint | None] = {}
    for row in rows(measured.runs):
        at = (str(row["quantity"]), *(level_text(row[name]) for name in measured.index))
        values.setdefault(at, {})[int(row["seed"])] = math.nan if row["why"] else row["value"]
        behind[at] = points.get(level_text(row["key"]))
    return {
        at: Origin(found, point.trainings, point.spiking, point.chance) if point else Origin(found)
        for at, found in values.items()
        for point in [behind[at]]
    }


def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame, each a mapping of column to value."""
    return cast("list[dict[str, Any]]", frame.to_dict("records"))
