"""What a check is given: the part of a frame that it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

import pandas as pd


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


class Measured(Protocol):
    """What was measured: a frame of cells with its index, and the points that were planned;
    `fine` are the quantities of too many cells to be listed one by one.
    """

    @property
    def index(self) -> tuple[str, ...]: ...
    @property
    def cells(self) -> pd.DataFrame: ...
    @property
    def points(self) -> Sequence[PlannedPoint]: ...
    @property
    def fine(self) -> frozenset[str]: ...


def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame, each a mapping of column to value."""
    return cast("list[dict[str, Any]]", frame.to_dict("records"))
