"""The maps of a frame → what the script of the page draws, points at and cuts profiles from."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from harness.check.golden import level_text
from harness.frames.frame import Frame
from harness.frames.maps import MAP_COLUMNS, Floats
from harness.measures.cka import CkaHeatmap
from harness.plan.expand import PlannedExhibit
from harness.report import wording
from harness.report.pack import pack
from harness.report.plots import MapsView

SCALE = (0.0, 1.0)  # of the colours, as in the paper; what lies below has the colour of 0
CKA = "CKA"


@dataclass(frozen=True)
class _Axes:
    """What the axes of a map are, across and up, and what its cells count."""

    x: str
    y: str
    unit: str = CKA


@dataclass(frozen=True)
class _Map:
    """One map as the frame holds it."""

    levels: Mapping[str, str]
    name: str
    labels_y: tuple[str, ...]
    labels_x: tuple[str, ...]
    matrix: Floats


def maps_view(planned: PlannedExhibit, frame: Frame) -> MapsView | None:
    """The maps of similarity of an exhibit, and Gram matrices; None where it has none."""
    captions = dict(_captions(planned))
    if frame.maps is None or frame.maps.table.empty or not captions:
        return None
    maps = [one for one in _split(frame.maps.table) if one.name in captions or "" in captions]
    if not maps:
        return None
    lists = list(dict.fromkeys(labels for one in maps for labels in (one.labels_y, one.labels_x)))
    titles = _titles(maps)
    packed, entries, rounded = {}, [], set()
    for one, title in zip(maps, titles, strict=True):
        made = pack(one.matrix)
        packed[made.name] = made.text
        rounded.add(made.step)
        axes = captions.get(one.name) or captions[""]
        entries.append(
            {
                "title": title,
                "cells": made.name,
                "low": made.low,
                "step": made.step,
                "unit": axes.unit,
                "scale": SCALE if axes.unit == CKA else _ends(one.matrix),
                "x": {"caption": axes.x, "labels": lists.index(one.labels_x)},
                "y": {"caption": axes.y, "labels": lists.index(one.labels_y)},
            }
        )
    described = {"labels": lists, "maps": entries}
    return MapsView(f"{planned.exhibit.id}-maps", len(maps), described, packed, _said(rounded))


def _ends(matrix: Floats) -> tuple[float, float]:
    """Round numbers that all defined cells lie between: to a tenth of the power of ten of the
    greatest.
    """
    defined = matrix[np.isfinite(matrix)]
    greatest = float(np.abs(defined).max(initial=0.0))
    if greatest == 0:
        return SCALE
    digits = 1 - math.floor(math.log10(greatest))
    low, high = (float(end) * 10.0**digits for end in (defined.min(), defined.max()))
    first, last = math.floor(round(low, 6)), math.ceil(round(high, 6))
    return float(f"{first}e{-digits}"), float(f"{max(last, first + 1)}e{-digits}")


def _said(steps: set[float]) -> str:
    widest = max(steps)
    return f"Values are rounded to {widest:g}, so they are off by at most {widest / 2:g}."


def _split(table: pd.DataFrame) -> Iterator[_Map]:
    """The maps one by one; the frame lists each whole, one after the other."""
    axes = [name for name in table.columns if name not in MAP_COLUMNS]
    starts = np.flatnonzero((table["y"].to_numpy() == 0) & (table["x"].to_numpy() == 0))
    for start, stop in zip(starts, [*starts[1:], len(table)], strict=True):
        one = table.iloc[start:stop]
        columns = int(one["x"].to_numpy().max()) + 1
        yield _Map(
            levels={name: level_text(one[name].iloc[0]) for name in axes},
            name=str(one["map"].iloc[0]),
            labels_y=tuple(map(str, one["label_y"].iloc[::columns])),
            labels_x=tuple(map(str, one["label_x"].iloc[:columns])),
            matrix=one["value"].to_numpy(dtype=float).reshape(-1, columns),
        )


def _titles(maps: Sequence[_Map]) -> list[str]:
    """What tells each map from the others; of a single one, all that is known of it."""
    kept = [
        name
        for name in maps[0].levels
        if len({one.levels[name] for one in maps}) > 1 or len(maps) == 1
    ]
    is_named = len({one.name for one in maps}) > 1 or not kept
    titles = []
    for one in maps:
        said = wording.levels({name: one.levels[name] for name in kept})
        name = _name(one.name) if is_named else ""
        titles.append(", ".join(word for word in (said, name) if word))
    return titles


def _captions(planned: PlannedExhibit) -> Iterator[tuple[str, _Axes]]:
    """Name of a map, or '' for any, → what its axes are; pictures have none."""
    for measure in planned.exhibit.measure:
        made = _AXES.get(measure.kind)
        if made:
            yield from made(planned, measure).items()


def _layers(planned: PlannedExhibit, measure: CkaHeatmap) -> Mapping[str, _Axes]:
    neurons = [side.neuron or planned.exhibit.fixed.axes().get("neuron") for side in measure.sides]
    x, *others = [f"{wording.level('neuron', str(one or ''))} layer".strip() for one in neurons]
    return {measure.map: _Axes(x, others[0] if others else x)}


_GRAM = _Axes("image", "image", "product of features")
_AXES: Mapping[str, Callable[[PlannedExhibit, Any], Mapping[str, _Axes]]] = {
    "cka": _layers,
    "time_cka": lambda planned, measure: {"": _Axes("time step", "time step")},
    "workflow": lambda planned, measure: dict.fromkeys(measure.gram_names, _GRAM),
}


def _name(name: str) -> str:
    """What a reader calls a map: `gram-lif` is the Gram matrix of the SNN."""
    before, found, neuron = name.partition("gram-")
    return f"Gram matrix of the {wording.level('neuron', neuron)}" if found and not before else name
