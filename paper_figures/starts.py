"""Similarity between networks of two initialisations: Fig. C.1, C.2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure
from pandas import DataFrame

from paper_figures.heatmap import heatmap, scale
from paper_figures.select import Levels, at, matrix
from paper_figures.style import canvas, parts


@dataclass(frozen=True)
class Pair:
    """One map and what is along its axes."""

    levels: Levels
    x: str
    y: str


def draw_pairs(maps: DataFrame, rows: Sequence[Sequence[Pair]]) -> Figure:
    """A heatmap for each pair, row by row, and one colour scale per row."""
    figure = canvas(2.25 * len(rows[0]) + 0.8, 2.25 * len(rows))
    for part, row in zip(parts(figure, len(rows), 1), rows, strict=True):
        panels = part.subplots(1, len(row), squeeze=False)[0]
        for axes, pair in zip(panels, row, strict=True):
            heatmap(axes, matrix(at(maps, pair.levels)), x=pair.x, y=pair.y)
        scale(part, panels)
    return figure
