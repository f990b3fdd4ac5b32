"""An architecture table as a figure: stages by depth in the paper's notation, with parameters and
MACs. Tables D.1 and D.2 are drawn by it."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas import DataFrame

from paper_figures.select import at, levels_of, points, told_apart
from paper_figures.style import INK, MUTED, NORMAL, RULE, SMALL
from paper_figures.words import word

ROW = 0.52  # inches
COLUMN = 1.42
LINE = 30  # letters


def draw_architecture(frame: DataFrame) -> Figure:
    """Each cell: the stage as built; below it, parameters · multiply-accumulates of one image."""
    columns, stages = points(frame), levels_of(frame, "stage")
    size = (COLUMN * (len(columns) + 0.8), ROW * (len(stages) + 1.1))
    figure = Figure(figsize=size)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    axes.set_xlim(-0.8, len(columns))
    axes.set_ylim(len(stages) + 0.05, -1.05)
    frame = frame.fillna({"text": "undefined"})
    others = [axis for axis in told_apart(columns) if axis != "depth"]
    for column, levels in enumerate(columns):
        here = at(frame, levels).to_dict("records")
        found = {(row["quantity"], row["stage"]): row for row in here}
        depth = [f"{levels['depth']} layers"] if "depth" in levels else []
        heading = ", ".join([*depth, *(word(axis, levels[axis]) for axis in others)])
        _say(axes, column, -0.5, heading, size=NORMAL)
        for row, stage in enumerate(stages):
            cell = found.get(("cell", stage))
            said = _notation(cell["text"] if cell else "")
            _say(axes, column, row + (0.36 if said else 0.5), said, size=_fitting(said))
            below = row + (0.75 if said else 0.5)
            _say(axes, column, below, _sizes(found, stage), size=SMALL - 1.5, colour=MUTED)
    axes.text(-0.74, -0.5, "parameters · MACs", va="center", fontsize=SMALL - 1.5, color=MUTED)
    for row, stage in enumerate(stages):
        axes.axhline(row, color=MUTED if row == 0 else RULE, linewidth=0.8)
        axes.text(-0.74, row + 0.5, stage, va="center", fontsize=NORMAL, color=INK, weight="bold")
    return figure


def _say(axes: Axes, column: int, row: float, text: str, *, size: float, colour: str = INK) -> None:
    axes.text(column + 0.5, row, text, color=colour, fontsize=size, ha="center", va="center")


def _fitting(text: str) -> float:
    return SMALL if len(text) < 20 else SMALL - 1.2 - 0.4 * text.count("\n")


def _notation(text: object) -> str:
    """'(3x3,16; 3x3,16)x9' → '(3×3, 16; 3×3, 16) × 9'; what is longer takes a second line."""
    said = str(text).replace(")x", ") × ").replace("3x3", "3×3")
    return fill(said.replace(",", ", ").replace(",  ", ", "), LINE)


def _sizes(found: Mapping[tuple[Any, Any], Mapping[Any, Any]], stage: object) -> str:
    said = []
    for quantity, noun in (("parameters", ""), ("macs", " MACs")):
        row = found.get((quantity, stage))
        value = float(row["value"]) if row else float("nan")
        if value == value and value > 0:
            said.append(f"{_short(value)}{noun}")
    return " · ".join(said)


def _short(value: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g} {letter}"
    return f"{value:.0f}"
