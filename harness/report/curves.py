"""What runs along layers, blocks, ε or epochs, as curves whose values a pointer reads."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from harness.check.golden import level_text
from harness.frames.cells import rows
from harness.frames.frame import Frame
from harness.measures.reading import WHOLE, Map
from harness.plan.course import WORDS, Course
from harness.report import wording
from harness.report.pivot import Block, Pivot, agrees

ALONG = {"layer": "layer", "block": "block", "epsilon": "ε", "position": "position in a block"}
"""Axes that a curve can run along, and their names; of several, the first that a quantity has."""
FEW = 2  # points that make a curve
ROUNDING = 1e-6  # of a similarity that is 1
MANY, CHARTS = 8, 4  # curves that a chart, charts that a quantity may have
WIDTH, HEIGHT = 440.0, 210.0  # of the plotting area, in units of the view box
NAMED, TICKS = 12, 7  # names that an axis has room for, numbers otherwise
SMALL_WIDTH, SMALL_HEIGHT = 160.0, 90.0  # of a panel, also in learning.js; 0…100 fills the height
BAR = 0.08  # epochs each way, of a band at one epoch
TONES = 8  # colours that the style sheet has

Point = tuple[str, str]
"""A place, or a place on an axis and what stands there, in units of the view box."""


@dataclass(frozen=True)
class Series:
    """A curve; `tone` picks colour and dashes, `dots` are points with no neighbour."""

    tone: str
    word: str
    path: str
    dots: tuple[Point, ...]
    band: str = ""  # its interval, around


@dataclass(frozen=True)
class Chart:
    """Curves over one axis; `described` holds names and values for who points at them."""

    name: str
    title: str
    x: str
    unit: str
    ticks_x: tuple[Point, ...]
    ticks_y: tuple[Point, ...]
    series: tuple[Series, ...]
    said: str
    described: Mapping[str, Any]

    @property
    def has_bands(self) -> bool:
        """Whether it has intervals to be explained."""
        return any(one.band for one in self.series)


class Line(NamedTuple):
    """A curve of a panel; `dots` are the points of its best epochs."""

    tone: str
    points: str
    is_faint: bool
    dots: tuple[Point, ...] = ()


class Panel(NamedTuple):
    """One small plot of learning curves."""

    title: str
    said: str
    lines: tuple[Line, ...]
    last_epoch: str
    bands: tuple[Line, ...] = ()  # around what is known of such trainings


class Curves(NamedTuple):
    """The learning curves of an exhibit; the legend is of tones and words."""

    panels: tuple[Panel, ...]
    legend: tuple[Point, ...]


@dataclass
class _Curve:
    """One series while it is gathered: names along the axis, and values with their standard errors
    over images, NaN where undefined.
    """

    levels: Mapping[str, str]
    names: list[str]
    values: list[float]
    se: list[float]

    @property
    def ends(self) -> list[tuple[float, float] | None]:
        """The interval of each value, where it is known."""
        values, se = np.array([self.values]), np.array([self.se])
        found = Map("", (), (), values, se=se).interval
        pairs = zip(*(end[0].tolist() for end in found or ()), strict=True)
        return [None if math.isnan(low) else (low, high) for low, high in pairs]


def charts(frame: Frame, layout: Pivot) -> tuple[Chart, ...]:
    """A chart for each quantity that runs along something, and for each block of the grid."""
    found: list[Chart] = []
    every = frame.cells.assign(se=frame.se if frame.se else math.nan)
    for quantity in dict.fromkeys(map(str, frame.cells["quantity"])):
        cells = every[every["quantity"] == quantity]
        known = (name for name in ALONG if name in cells.columns)
        along = next((name for name in known if cells[name].nunique() >= FEW), None)
        unit = str(cells["unit"].iloc[0])
        if along is None or unit == "cells":  # how many are undefined is no curve
            continue
        listed = list(rows(cells))
        everything = _varied([{n: level_text(row[n]) for n in frame.index} for row in listed])
        for block in layout.blocks:
            curves = _gathered(listed, frame.index, along, block)
            groups = [] if unit in WHOLE and _is_one(curves) else list(_apart(curves))
            if len(groups) <= CHARTS:  # what needs more is for the table and for frame.csv
                found += [
                    _chart(
                        f"{frame.exhibit}-curve{len(found) + n}",
                        title,
                        along,
                        unit,
                        group,
                        layout.snn,
                    )
                    for n, group in enumerate(groups)
                    for title in [_title(quantity, group, everything, layout.snn)]
                ]
    return tuple(found)


def _is_one(curves: Sequence[_Curve]) -> bool:
    """Whether these are the diagonals of networks with themselves, 1 all along."""
    values = [value for curve in curves for value in curve.values if not math.isnan(value)]
    return bool(values) and all(abs(value - 1) < ROUNDING for value in values)


def _gathered(
    listed: Sequence[Mapping[str, object]], index: Sequence[str], along: str, block: Block
) -> list[_Curve]:
    """The curves of those cells that the block has, in the order of the frame."""
    made: dict[tuple[str, ...], _Curve] = {}
    for row in listed:
        levels = {name: level_text(row[name]) for name in index}
        if not any(agrees(levels, column) for column in block.columns):
            continue
        key = {name: levels[name] for name in index if name != along}
        curve = made.setdefault(tuple(key.values()), _Curve(key, [], [], []))
        curve.names.append(levels[along])
        curve.values.append(float(str(row["value"])) if row["value"] is not None else math.nan)
        curve.se.append(float(str(row["se"])))
    return [curve for curve in made.values() if len(curve.values) >= FEW]


def _apart(curves: Sequence[_Curve]) -> Iterator[Sequence[_Curve]]:
    """Too many curves for one chart go into several, by the axis that has the fewest levels."""
    varied = _varied([curve.levels for curve in curves])
    if len(curves) <= MANY or not varied:
        if curves and len(curves) <= MANY:
            yield curves
        return
    by = min(varied, key=lambda name: len(varied[name]))
    for level in varied[by]:
        yield from _apart([curve for curve in curves if curve.levels[by] == level])


def _varied(among: Sequence[Mapping[str, str]]) -> dict[str, tuple[str, ...]]:
    """The axes of several levels, with these."""
    names = among[0] if among else ()
    found = {name: tuple(dict.fromkeys(levels[name] for levels in among)) for name in names}
    return {name: levels for name, levels in found.items() if len(levels) > 1}


def _title(
    quantity: str, curves: Sequence[_Curve], everything: Mapping[str, object], snn: str
) -> str:
    """The quantity, and those levels that these curves share and others do not have."""
    varied = _varied([curve.levels for curve in curves])
    levels = curves[0].levels.items()
    told = {n: text for n, text in levels if n in everything and n not in varied}
    at = wording.levels(told, snn)
    return wording.headed(", ".join(filter(None, (wording.quantity(quantity), at))))


def _chart(
    name: str, title: str, along: str, unit: str, curves: Sequence[_Curve], snn: str
) -> Chart:
    longest = max(curves, key=lambda curve: len(curve.values))
    is_even = len({len(curve.values) for curve in curves}) == 1
    floor, ceiling, ticks = _scale(curves, unit)
    varied = _varied([curve.levels for curve in curves])
    told = ({n: curve.levels[n] for n in varied} for curve in curves)
    ends = [curve.ends for curve in curves]
    words = [wording.levels(levels, snn) or title for levels in told]
    described = {
        "area": [WIDTH, HEIGHT],
        "steps": len(longest.values),
        "series": [
            {
                "names": curve.names,
                "values": [None if math.isnan(v) else float(f"{v:.4g}") for v in curve.values],
                "ends": _written(own),
            }
            for curve, own in zip(curves, ends, strict=True)
        ],
    }
    return Chart(
        name=name,
        title=title,
        x=ALONG[along] if is_even else f"{ALONG[along]}, from the first to the last",
        unit=unit,
        ticks_x=tuple(_ticks_x(longest.names)) if is_even else (),
        ticks_y=tuple((f"{_y(value, floor, ceiling):.1f}", text) for value, text in ticks),
        series=tuple(
            _series(f"t{place}", word, curve.values, own, (floor, ceiling))
            for place, (word, curve, own) in enumerate(zip(words, curves, ends, strict=True))
        ),
        said="; ".join(f"{w}: {_extent(c.values)}" for w, c in zip(words, curves, strict=True)),
        described=described,
    )


def _series(
    tone: str,
    word: str,
    values: Sequence[float],
    ends: Sequence[tuple[float, float] | None],
    scale: tuple[float, float],
) -> Series:
    """A path over all of the width, broken where a value is undefined."""
    path, dots, is_down = [], [], False
    for place, value in enumerate(values):
        if math.isnan(value):
            is_down = False
            continue
        x, y = f"{_x(place, len(values)):.1f}", f"{_y(value, *scale):.1f}"
        joined = place + 1 < len(values) and not math.isnan(values[place + 1])
        if not is_down and not joined:
            dots.append((x, y))
        path.append(f"{'L' if is_down else 'M'}{x} {y}")
        is_down = True
    return Series(tone, word, "".join(path), tuple(dots), _band(ends, scale))


def _written(ends: Sequence[tuple[float, float] | None]) -> list[list[float] | None] | None:
    """As the script reads them; None where there is none."""
    if not any(ends):
        return None
    return [one and [float(f"{end:.3f}") for end in one] for one in ends]


def _band(ends: Sequence[tuple[float, float] | None], scale: tuple[float, float]) -> str:
    """Around the curve, to the right along the upper ends and back along the lower ones; broken
    where there is no interval, and in the scale's range.
    """
    found = []
    for _, group in groupby(enumerate(ends), key=lambda one: one[1] is not None):
        run = [(place, *one) for place, one in group if one is not None]
        if len(run) < FEW:
            continue
        points = [(place, high) for place, _, high in run]
        points += [(place, low) for place, low, _ in reversed(run)]
        inside = ((place, min(max(end, scale[0]), scale[1])) for place, end in points)
        drawn = (f"{_x(place, len(ends)):.1f} {_y(end, *scale):.1f}" for place, end in inside)
        found.append(f"M{'L'.join(drawn)}Z")
    return "".join(found)


def _scale(
    curves: Sequence[_Curve], unit: str
) -> tuple[float, float, tuple[tuple[float, str], ...]]:
    """Least and greatest value of the axis, and its ticks: 0…1 for CKA, 0…100 for percent."""
    values = [value for curve in curves for value in curve.values if not math.isnan(value)]
    least, greatest = min(values, default=0.0), max(values, default=1.0)
    whole = 100.0 if unit.startswith("percent") else 1.0
    if greatest > whole or not (unit in WHOLE or unit.startswith(("percent", "share"))):
        whole = 10.0 ** math.ceil(math.log10(greatest)) if greatest > 0 else 1.0
    floor = min(0.0, math.floor(least / whole * 5) / 5 * whole)
    count = round((whole - floor) / whole * 5)
    places = [floor + whole / 5 * n for n in range(count + 1)]
    return floor, whole, tuple((p, f"{p:.6g}".replace("-", wording.MINUS)) for p in places)


def _ticks_x(names: Sequence[str]) -> Iterator[Point]:
    """The names along the axis where there is room, else a few of their numbers from 1 on."""
    step = 1 if len(names) <= NAMED else math.ceil(len(names) / TICKS)
    for place in range(0, len(names), step):
        text = names[place] if len(names) <= NAMED else str(place + 1)
        yield f"{_x(place, len(names)):.1f}", text


def _x(place: int, steps: int) -> float:
    return place / (steps - 1) * WIDTH if steps > 1 else WIDTH / 2


def _y(value: float, floor: float, ceiling: float) -> float:
    return (1 - (value - floor) / (ceiling - floor)) * HEIGHT


def _extent(values: Sequence[float]) -> str:
    found = [value for value in values if not math.isnan(value)]
    return f"{min(found):.3g} to {max(found):.3g}" if found else "undefined"


def learning(
    frame: Frame, layout: Pivot, courses: Mapping[str, Course] = MappingProxyType({})
) -> Curves | None:
    """Learning curves: a panel for each column of the table, a line for each row and seed, and a
    band where a course is known of its settings.
    """
    if not frame.curves:
        return None
    known = [
        ({name: level_text(value) for name, value in curve.axes.items()}, curve)
        for curve in frame.curves
    ]
    tones: dict[tuple[str, ...], str] = {}
    for levels, _ in known:
        tones.setdefault(_row(levels, layout), f"s{len(tones) % TONES}")
    panels = []
    for column in dict.fromkeys(tuple(sorted(column.items())) for column in layout.columns()):
        here = [(_row(at, layout), curve) for at, curve in known if agrees(at, dict(column))]
        if not here:
            continue
        longest = max(len(curve.test) for _, curve in here)
        lines, said = [], []
        settings = {curve.settings: tones[row] for row, curve in here}
        bands = [
            Line(tone, corners, quantity == "train_accuracy")
            for one, tone in settings.items()
            for quantity in WORDS
            if (corners := _known(courses.get(one, ()), quantity, longest))
        ]
        for row, curve in here:
            test = dict(enumerate(curve.test, 1))
            best = {curve.best_epoch: test.get(curve.best_epoch or 0, math.nan)}
            dots = [_at(n, value, longest) for n, value in best.items() if n and value == value]
            lines.append(Line(tones[row], _points(curve.train, longest), is_faint=True))
            lines.append(Line(tones[row], _points(curve.test, longest), False, tuple(dots)))
            last = wording.number(curve.test[-1], "percent")
            said.append(f"{_words(row, layout)} seed {curve.seed}: {last} %")
        title = ", ".join(
            f"{wording.axis(n)} {wording.level(n, text, layout.snn)}" for n, text in column
        )
        panels.append(Panel(title, "; ".join(said), tuple(lines), str(longest), tuple(bands)))
    legend = tuple((tone, _words(row, layout) or "run") for row, tone in tones.items())
    return Curves(tuple(panels), legend)


def _row(levels: Mapping[str, str], layout: Pivot) -> tuple[str, ...]:
    return tuple(levels[name] for name in layout.rows if name in levels)


def _words(row: tuple[str, ...], layout: Pivot) -> str:
    said = zip(layout.rows, row, strict=False)
    return ", ".join(wording.level(name, text, layout.snn) for name, text in said)


def _points(values: Sequence[float], longest: int) -> str:
    return " ".join(
        ",".join(_at(epoch, value, longest))
        for epoch, value in enumerate(values, start=1)
        if not math.isnan(value)
    )


def _known(course: Course, quantity: str, longest: int) -> str:
    """The corners of a band: along its lower ends, and back along its upper ones. It is a bar where
    one epoch alone is known.
    """
    held = sorted(one for one in course if one.quantity == quantity)
    epochs: list[float] = [one.epoch for one in held]
    if len(held) == 1:
        held, epochs = held * 2, [epochs[0] - BAR, epochs[0] + BAR]
    ends = list(zip(epochs, held, strict=True))
    lower = [(epoch, one.low) for epoch, one in ends]
    upper = [(epoch, one.high) for epoch, one in reversed(ends)]
    return " ".join(",".join(_at(epoch, value, longest)) for epoch, value in (*lower, *upper))


def _at(epoch: float, value: float, longest: int) -> Point:
    """Place of an epoch's accuracy; a run of one epoch stands in the middle."""
    across = (epoch - 1) / (longest - 1) if longest > 1 else 0.5
    height = (1 - min(max(value, 0.0), 100.0) / 100) * SMALL_HEIGHT
    return f"{across * SMALL_WIDTH:.1f}", f"{height:.3f}"  # the page reads values off it
