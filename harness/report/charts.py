"""The cells of a frame that run along layers, blocks or ε → curves with their names."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from harness.check.golden import level_text
from harness.frames.frame import Frame
from harness.frames.runs import rows
from harness.report import wording
from harness.report.pivot import Block, Pivot, agrees
from harness.report.plots import Chart, Series, Tick

ALONG = ("layer", "block", "epsilon", "position")
"""Axes that a curve can run along; of several, the first one that a quantity has."""
FEW = 2  # points that make a curve
ROUNDING = 1e-6  # of a similarity that is 1
MANY, CHARTS = 8, 4  # curves that a chart, charts that a quantity may have
WIDTH, HEIGHT = 440.0, 210.0  # of the plotting area, in units of the view box
NAMED, TICKS = 12, 7  # names that an axis has room for, numbers otherwise
_NAMES = {"epsilon": "ε", "layer": "layer", "block": "block", "position": "position in a block"}


@dataclass
class _Curve:
    """One series while it is gathered: names along the axis, and values, NaN where undefined."""

    levels: Mapping[str, str]
    names: list[str] = field(default_factory=list)
    values: list[float] = field(default_factory=list)


def charts(frame: Frame, pivot: Pivot) -> tuple[Chart, ...]:
    """A chart for each quantity that runs along something, and for each block of the grid."""
    found: list[Chart] = []
    for quantity in dict.fromkeys(map(str, frame.cells["quantity"])):
        cells = frame.cells[frame.cells["quantity"] == quantity]
        along = next((name for name in ALONG if _varies(cells, name)), None)
        if along is None:
            continue
        unit = str(cells["unit"].iloc[0])
        if unit == "cells":
            continue  # how many are undefined is no curve
        listed = list(rows(cells))
        everything = _varied(
            [_Curve({n: level_text(row[n]) for n in frame.index}) for row in listed]
        )
        for block in pivot.blocks:
            curves = _curves(listed, frame.index, along, block)
            groups = [] if unit == "CKA" and _is_one(curves) else list(_apart(curves))
            if len(groups) <= CHARTS:  # what needs more is for the table and for frame.csv
                start = len(found)
                titles = [_title(quantity, group, everything) for group in groups]
                found += [
                    _chart(f"{frame.exhibit}-curve{start + n}", title, along, unit, group)
                    for n, (title, group) in enumerate(zip(titles, groups, strict=True))
                ]
    return tuple(found)


def _varies(cells: object, name: str) -> bool:
    columns = getattr(cells, "columns", ())
    return name in columns and cells[name].nunique() >= FEW  # type: ignore[index]


def _is_one(curves: Sequence[_Curve]) -> bool:
    """Whether these are the diagonals of networks with themselves, 1 all along."""
    values = [value for curve in curves for value in curve.values if not math.isnan(value)]
    return bool(values) and all(abs(value - 1) < ROUNDING for value in values)


def _curves(
    listed: Sequence[Mapping[str, object]], index: Sequence[str], along: str, block: Block
) -> list[_Curve]:
    """The curves of those cells that the block has, in the order of the frame."""
    made: dict[tuple[str, ...], _Curve] = {}
    others = [name for name in index if name != along]
    for row in listed:
        levels = {name: level_text(row[name]) for name in index}
        if not any(agrees(levels, column) for column in block.columns):
            continue
        key = {name: levels[name] for name in others}
        curve = made.setdefault(tuple(key.values()), _Curve(key))
        curve.names.append(levels[along])
        curve.values.append(float(str(row["value"])) if row["value"] is not None else math.nan)
    return [curve for curve in made.values() if len(curve.values) >= FEW]


def _apart(curves: Sequence[_Curve]) -> Iterator[Sequence[_Curve]]:
    """Too many curves for one chart go into several, by the axis that has the fewest levels."""
    varied = _varied(curves)
    if len(curves) <= MANY or not varied:
        if curves and len(curves) <= MANY:
            yield curves
        return
    by = min(varied, key=lambda name: len(varied[name]))
    for level in varied[by]:
        yield from _apart([curve for curve in curves if curve.levels[by] == level])


def _varied(curves: Sequence[_Curve]) -> dict[str, tuple[str, ...]]:
    names = curves[0].levels if curves else ()
    found = {name: tuple(dict.fromkeys(one.levels[name] for one in curves)) for name in names}
    return {name: levels for name, levels in found.items() if len(levels) > 1}


def _title(quantity: str, curves: Sequence[_Curve], everything: Mapping[str, object]) -> str:
    """The quantity, and those levels that these curves share and others do not have."""
    varied = _varied(curves)
    levels = curves[0].levels.items()
    at = {n: text for n, text in levels if n in everything and n not in varied}
    return wording.headed(
        ", ".join(part for part in (wording.quantity(quantity), wording.levels(at)) if part)
    )


def _chart(name: str, title: str, along: str, unit: str, curves: Sequence[_Curve]) -> Chart:
    longest = max(curves, key=lambda curve: len(curve.values))
    is_even = len({len(curve.values) for curve in curves}) == 1
    floor, ceiling, ticks = _scale(curves, unit)
    varied = _varied(curves)
    words = [wording.levels({n: curve.levels[n] for n in varied}) or title for curve in curves]
    series = tuple(
        _series(f"t{place}", word, curve.values, (floor, ceiling))
        for place, (word, curve) in enumerate(zip(words, curves, strict=True))
    )
    described = {
        "area": [WIDTH, HEIGHT],
        "steps": len(longest.values),
        "series": [
            {"names": curve.names, "values": [_json(value) for value in curve.values]}
            for curve in curves
        ],
    }
    return Chart(
        name=name,
        title=title,
        x=_NAMES[along] if is_even else f"{_NAMES[along]}, from the first to the last",
        unit=unit,
        ticks_x=tuple(_ticks_x(longest.names)) if is_even else (),
        ticks_y=tuple(Tick(f"{_y(value, floor, ceiling):.1f}", text) for value, text in ticks),
        series=series,
        said="; ".join(f"{w}: {_extent(c.values)}" for w, c in zip(words, curves, strict=True)),
        described=described,
    )


def _series(tone: str, word: str, values: Sequence[float], scale: tuple[float, float]) -> Series:
    """A path over all of the width, broken where a value is undefined."""
    steps = len(values)
    path, dots, is_down = [], [], False
    for place, value in enumerate(values):
        if math.isnan(value):
            is_down = False
            continue
        x, y = f"{_x(place, steps):.1f}", f"{_y(value, *scale):.1f}"
        joined = place + 1 < len(values) and not math.isnan(values[place + 1])
        if not is_down and not joined:
            dots.append((x, y))
        path.append(f"{'L' if is_down else 'M'}{x} {y}")
        is_down = True
    return Series(tone, word, "".join(path), tuple(dots))


def _scale(
    curves: Sequence[_Curve], unit: str
) -> tuple[float, float, tuple[tuple[float, str], ...]]:
    """Least and greatest value of the axis, and its ticks: 0…1 for CKA, 0…100 for percent."""
    values = [value for curve in curves for value in curve.values if not math.isnan(value)]
    least, greatest = min(values, default=0.0), max(values, default=1.0)
    whole = 100.0 if unit.startswith("percent") else 1.0
    if greatest > whole or (unit not in ("CKA",) and not unit.startswith(("percent", "share"))):
        whole = 10.0 ** math.ceil(math.log10(greatest)) if greatest > 0 else 1.0
    floor = min(0.0, math.floor(least / whole * 5) / 5 * whole)
    count = round((whole - floor) / whole * 5)
    places = [floor + whole / 5 * n for n in range(count + 1)]
    return floor, whole, tuple((p, f"{p:.6g}".replace("-", wording.MINUS)) for p in places)


def _ticks_x(names: Sequence[str]) -> Iterator[Tick]:
    """The names along the axis where there is room, else a few of their numbers from 1 on."""
    step = 1 if len(names) <= NAMED else math.ceil(len(names) / TICKS)
    for place in range(0, len(names), step):
        text = names[place] if len(names) <= NAMED else str(place + 1)
        yield Tick(f"{_x(place, len(names)):.1f}", text)


def _x(place: int, steps: int) -> float:
    return place / (steps - 1) * WIDTH if steps > 1 else WIDTH / 2


def _y(value: float, floor: float, ceiling: float) -> float:
    return (1 - (value - floor) / (ceiling - floor)) * HEIGHT


def _extent(values: Sequence[float]) -> str:
    found = [value for value in values if not math.isnan(value)]
    return f"{min(found):.3g} to {max(found):.3g}" if found else "undefined"


def _json(value: float) -> float | None:
    return None if math.isnan(value) else float(f"{value:.4g}")
