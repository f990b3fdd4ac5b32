"""Similarity of an ANN and SNNs of more and more time steps: Fig. 5, A.2, A.7."""

from __future__ import annotations

import math

from matplotlib.figure import Figure
from pandas import DataFrame

from paper_figures.curves import overlaid
from paper_figures.heatmap import heatmap, scale
from paper_figures.select import Levels, at, curve, matrix, points
from paper_figures.style import canvas, parts, ramp
from paper_figures.words import kind, network

MAP = {"map": "ann-snn"}
LOW = 0.2


def draw_steps(frame: DataFrame, maps: DataFrame) -> Figure:
    """Left a heatmap for each number of time steps, in two rows where there are more than two;
    right their diagonals in one panel.
    """
    shown, runs = points(maps), points(frame)
    columns = math.ceil(len(shown) / 2) if len(shown) > 2 else max(1, len(shown))
    rows = max(1, math.ceil(len(shown) / columns))
    figure = canvas(2.15 * columns + 4.6, 2.15 * max(rows, 1.4))
    left, right = parts(figure, 1, 2, widths=[2.15 * columns + 0.6, 4.0])
    panels = list(left.subplots(rows, columns, squeeze=False).flat)
    for axes, levels in zip(panels, shown, strict=False):
        x, y = f"{kind(levels)} {_name(levels)}", f"Artificial {network(levels)}"
        heatmap(axes, matrix(at(maps, levels | MAP)), x=x, y=y)
    for spare in panels[len(shown) :]:
        spare.remove()
    scale(left, panels[: len(shown)], shrink=0.7, aspect=22)
    found = {
        (f"{kind(levels)} " if "neuron" in levels else "") + _name(levels): (
            curve(frame, levels | MAP),
            colour,
        )
        for levels, colour in zip(runs, ramp(len(runs)), strict=True)
    }
    overlaid(right.subplots(), found, LOW)
    return figure


def _name(levels: Levels) -> str:
    return f"{network(levels)} T{levels.get('time_steps', '')}"
