"""Learning curves as points of small plots; the template draws lines that follow the theme."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.check.golden import level_text
from harness.frames.curves import LearningCurve
from harness.report import wording
from harness.report.pivot import Pivot, agrees
from harness.report.plots import Curves, Line, Panel

WIDTH, HEIGHT = 160.0, 90.0  # of the view box, also in learning.js; 0…100 fills the height
TONES = 8  # colours that the style sheet has


def curves_view(curves: Sequence[LearningCurve], pivot: Pivot) -> Curves | None:
    """A panel for each column of the table, a line for each of its rows and seeds."""
    if not curves:
        return None
    series: dict[tuple[str, ...], str] = {}
    across = dict.fromkeys(tuple(sorted(column.items())) for column in pivot.columns())
    panels: dict[tuple[tuple[str, str], ...], list[LearningCurve]] = {at: [] for at in across}
    for curve in curves:
        levels = {name: level_text(value) for name, value in curve.axes.items()}
        series.setdefault(_row(levels, pivot), f"s{len(series) % TONES}")
        for column in across:
            if agrees(levels, dict(column)):
                panels[column].append(curve)
    made = [_panel(column, found, series, pivot) for column, found in panels.items() if found]
    legend = tuple((tone, _words(row, pivot) or "run") for row, tone in series.items())
    return Curves(tuple(made), legend)


def _row(levels: dict[str, str], pivot: Pivot) -> tuple[str, ...]:
    return tuple(levels[name] for name in pivot.rows if name in levels)


def _words(row: tuple[str, ...], pivot: Pivot) -> str:
    return ", ".join(wording.level(n, text) for n, text in zip(pivot.rows, row, strict=False))


def _panel(
    column: tuple[tuple[str, str], ...],
    curves: Sequence[LearningCurve],
    series: dict[tuple[str, ...], str],
    pivot: Pivot,
) -> Panel:
    longest = max(len(curve.test) for curve in curves)
    lines, said = [], []
    for curve in curves:
        levels = {name: level_text(value) for name, value in curve.axes.items()}
        tone = series[_row(levels, pivot)]
        lines.append(Line(tone, _points(curve.train, longest), is_faint=True))
        lines.append(Line(tone, _points(curve.test, longest), False, _best(curve, longest)))
        name = _words(_row(levels, pivot), pivot)
        said.append(f"{name} seed {curve.seed}: {wording.number(curve.test[-1], 'percent')} %")
    title = ", ".join(f"{wording.axis(name)} {wording.level(name, text)}" for name, text in column)
    return Panel(title, "; ".join(said), tuple(lines), str(longest))


def _points(values: Sequence[float], longest: int) -> str:
    return " ".join(
        ",".join(_at(epoch, value, longest))
        for epoch, value in enumerate(values, start=1)
        if not math.isnan(value)
    )


def _best(curve: LearningCurve, longest: int) -> tuple[tuple[str, str], ...]:
    best = curve.best_epoch
    if best is None or not 1 <= best <= len(curve.test) or math.isnan(curve.test[best - 1]):
        return ()
    return (_at(best, curve.test[best - 1], longest),)


def _at(epoch: int, value: float, longest: int) -> tuple[str, str]:
    """Place of an epoch's accuracy; a run of one epoch stands in the middle."""
    across = (epoch - 1) / (longest - 1) if longest > 1 else 0.5
    height = min(max(value, 0.0), 100.0) / 100
    return f"{across * WIDTH:.1f}", f"{(1 - height) * HEIGHT:.3f}"  # the page reads values off it
