"""Maps of an exhibit as one tidy frame, built column by column: a map of 577 layers has a third of
a million cells.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.errors import HarnessError
from harness.frames.recorded import Recorded
from harness.measures.reading import Map
from harness.plan.expand import PlannedExhibit

MAP_COLUMNS: Mapping[str, str] = {
    "map": "which map, as `ann-snn`, or the layer of a time-wise one",
    "y": "row, from 0, from below",
    "x": "column, from 0",
    "label_y": "what the row is: a layer, a time step, an image",
    "label_x": "what the column is",
    "value": "mean over the seeds; empty where it is undefined for one of them",
}

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Maps:
    """The maps as a frame: the varied axes of the exhibit, then `MAP_COLUMNS`."""

    table: pd.DataFrame

    @cached_property
    def csv_gz(self) -> bytes:
        """maps.csv.gz: seven digits, no clock."""
        text = self.table.to_csv(index=False, lineterminator="\n", float_format="%.7g")
        packed = io.BytesIO()
        with gzip.GzipFile(filename="", fileobj=packed, mode="wb", compresslevel=6, mtime=0) as out:
            out.write(text.encode())
        return packed.getvalue()


def maps_of(planned: PlannedExhibit, found: Recorded) -> Maps | None:
    """The maps of all points whose planned seeds all have them; None where no measure gives maps.

    Raises:
        HarnessError: two seeds gave maps of different layers.
    """
    axes = planned.exhibit.varied()
    groups: dict[tuple[Any, ...], list[Map]] = {}
    lacking: set[tuple[Any, ...]] = set()
    drawn = False
    for number, point in _numbered(planned):
        if not point.measure.has_maps:
            continue
        drawn = True
        levels = tuple(point.axes[name] for name in axes)
        content = found.contents.get(point.key)
        if content is None:
            lacking.add((number, *levels))
            continue
        for one in point.measure.maps(content):
            groups.setdefault((number, *levels, one.name), []).append(one)
    if not drawn:
        return None
    whole = {at: maps for at, maps in groups.items() if at[:-1] not in lacking}
    return Maps(_table(axes, [(at[1:-1], _mean(maps)) for at, maps in whole.items()]))


def _numbered(planned: PlannedExhibit) -> Iterable[tuple[int, Any]]:
    """Each point with the number of its measure: two measures may give maps of one name."""
    return ((planned.exhibit.measure.index(point.measure), point) for point in planned.points)


def _mean(maps: Sequence[Map]) -> Map:
    """The mean over the seeds; undefined where one of them is."""
    first = maps[0]
    for other in maps[1:]:
        if (list(other.labels_y), list(other.labels_x)) != (
            list(first.labels_y),
            list(first.labels_x),
        ):
            raise HarnessError(f"map {first.name}", "the seeds give maps of different layers")
    return Map(
        first.name, first.labels_y, first.labels_x, np.mean([one.matrix for one in maps], axis=0)
    )


def _table(axes: Sequence[str], maps: Sequence[tuple[tuple[Any, ...], Map]]) -> pd.DataFrame:
    columns: dict[str, list[Any]] = {name: [] for name in (*axes, *MAP_COLUMNS)}
    for levels, one in maps:
        rows, across = one.matrix.shape
        for name, level in zip(axes, levels, strict=True):
            columns[name].append(np.full(rows * across, level, dtype=_dtype(level)))
        columns["map"].append(np.full(rows * across, one.name, dtype=object))
        columns["y"].append(np.repeat(np.arange(rows), across))
        columns["x"].append(np.tile(np.arange(across), rows))
        columns["label_y"].append(np.repeat(np.asarray(one.labels_y, dtype=object), across))
        columns["label_x"].append(np.tile(np.asarray(one.labels_x, dtype=object), rows))
        columns["value"].append(np.asarray(one.matrix, dtype=np.float64).ravel())
    return pd.DataFrame(
        {name: np.concatenate(parts) if parts else [] for name, parts in columns.items()}
    )


def _dtype(level: Any) -> Any:
    return np.int64 if type(level) is int else object
