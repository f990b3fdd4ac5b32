"""Maps of an exhibit: means over its seeds, and one tidy frame of all."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
ENDS: Mapping[str, str] = {
    "low": "where the value lies in 95 of 100 sets of images, for these networks; empty where that "
    "is not known",
    "high": "the other end; it says nothing of other seeds",
}

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Maps:
    """The maps of an exhibit, each with its levels of the axes that the exhibit varies."""

    axes: tuple[str, ...]
    each: tuple[tuple[Mapping[str, Any], Map], ...]

    @cached_property
    def table(self) -> pd.DataFrame:
        """One tidy frame, built column by column: the axes, then `MAP_COLUMNS` and `ENDS`. A map
        of 577 layers has a third of a million cells.
        """
        columns: dict[str, list[Any]] = {name: [] for name in (*self.axes, *MAP_COLUMNS, *ENDS)}
        for levels, one in self.each:
            rows, across = one.matrix.shape
            for name, level in levels.items():
                kind: Any = np.int64 if type(level) is int else object
                columns[name].append(np.full(rows * across, level, dtype=kind))
            columns["map"].append(np.full(rows * across, one.name, dtype=object))
            columns["y"].append(np.repeat(np.arange(rows), across))
            columns["x"].append(np.tile(np.arange(across), rows))
            columns["label_y"].append(np.repeat(np.asarray(one.labels_y, dtype=object), across))
            columns["label_x"].append(np.tile(np.asarray(one.labels_x, dtype=object), rows))
            columns["value"].append(np.asarray(one.matrix, dtype=np.float64).ravel())
            unknown = np.full_like(columns["value"][-1], np.nan)
            for name, end in zip(ENDS, one.interval or (unknown, unknown), strict=True):
                columns[name].append(end.ravel())
        return pd.DataFrame(
            {name: np.concatenate(parts) if parts else [] for name, parts in columns.items()}
        )

    @cached_property
    def csv_gz(self) -> bytes:
        """maps.csv.gz: seven digits, no clock, and without `ENDS`, which would make it thrice as
        large. Written line by line, in a third of the time that pandas takes for the same
        bytes.
        """
        packed = io.BytesIO()
        with gzip.GzipFile(filename="", fileobj=packed, mode="wb", compresslevel=6, mtime=0) as out:
            out.write(f"{_fields([*self.axes, *MAP_COLUMNS])}\n".encode())
            for levels, one in self.each:
                head = _fields([*levels.values(), one.name])
                columns = [
                    (f",{index},", f",{_fields([str(label)])},")
                    for index, label in enumerate(one.labels_x)
                ]
                for index, label in enumerate(one.labels_y):
                    start, row = f"{head},{index}", _fields([str(label)])
                    values = (f"{value:.7g}" for value in one.matrix[index].tolist())
                    lines = [
                        f"{start}{before}{row}{after}{'' if value == 'nan' else value}\n"
                        for (before, after), value in zip(columns, values, strict=True)
                    ]
                    out.write("".join(lines).encode())
        return packed.getvalue()


def _fields(values: Sequence[object]) -> str:
    """As one line of CSV, quoted where needed."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(values)
    return line.getvalue()


def maps_of(planned: PlannedExhibit, found: Recorded) -> Maps | None:
    """The maps of all points whose planned seeds all have them; None where no measure gives maps.

    Raises:
        HarnessError: two seeds gave maps of different layers.
    """
    axes = planned.exhibit.varied()
    groups: dict[tuple[Any, ...], list[Map]] = {}
    lacking: set[tuple[Any, ...]] = set()
    if not any(measure.has_maps for measure in planned.exhibit.measure):
        return None
    for point in (one for one in planned.points if one.measure.has_maps):
        at = (point.measure, *(point.axes[name] for name in axes))
        content = found.contents.get(point.key)
        if content is None:
            lacking.add(at)
            continue
        for one in point.measure.maps(content):
            groups.setdefault((*at, one.name), []).append(one)
    return Maps(
        axes,
        tuple(
            (dict(zip(axes, at[1:-1], strict=True)), _mean(maps))
            for at, maps in groups.items()
            if at[:-1] not in lacking
        ),
    )


def _mean(maps: Sequence[Map]) -> Map:
    """The mean over the seeds; undefined where one of them is."""
    first = maps[0]
    for other in maps[1:]:
        if (list(other.labels_y), list(other.labels_x)) != (
            list(first.labels_y),
            list(first.labels_x),
        ):
            raise HarnessError(f"map {first.name}", "the seeds give maps of different layers")
    errors = [one.se for one in maps if one.se is not None]
    # of the mean it is at most their mean, since all networks saw the same images
    se = np.mean(errors, axis=0) if len(errors) == len(maps) else None
    return replace(first, matrix=np.mean([one.matrix for one in maps], axis=0), se=se)
