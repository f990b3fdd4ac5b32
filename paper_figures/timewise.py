"""Similarity between the time steps of single layers: Fig. 6, A.3, A.8, A.11, A.12."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase
from pandas import DataFrame

from paper_figures.heatmap import heatmap, scale
from paper_figures.select import at, levels_of, matrix, points, told_apart
from paper_figures.style import INK, MUTED, SMALL, canvas, nothing_measured, parts
from paper_figures.words import words

PANEL = 0.86  # inches


@dataclass(frozen=True)
class Group:
    """Layers that are drawn together, by the pattern of their names, in rows of at most `columns`
    panels.
    """

    layers: str
    columns: int


BLOCKS = Group(r"s\d+\.b\d+", columns=9)
CONVOLUTIONS = Group(r"(.*\.)?(conv\d|ds\.1|fc)", columns=11)
ACTIVATIONS = Group(r".*\.relu\d", columns=9)


def draw_timewise(maps: DataFrame, *groups: Group) -> Figure:
    """A band of panels for each number of time steps and group, one panel for each layer; the axes
    of a panel are time steps."""
    here = points(maps)
    bands = [
        (levels, group, layers)
        for group in groups
        for levels in here
        if (layers := _layers(at(maps, levels), group))
    ]
    if not bands:
        return nothing_measured()
    rows = [-(-len(layers) // group.columns) for _, group, layers in bands]
    widest = max(min(group.columns, len(layers)) for _, group, layers in bands)
    figure = canvas(PANEL * max(widest, 3) + 1.2, sum(PANEL * 1.22 * n + 0.12 for n in rows))
    cut = parts(figure, len(bands), 1, heights=[float(count) for count in rows])
    axes = dict.fromkeys(("time_steps", *told_apart(here)))
    for part, count, (levels, group, layers) in zip(cut, rows, bands, strict=True):
        part.supylabel(words(levels, list(axes)), fontsize=SMALL, color=INK)
        _band(part, count, at(maps, levels), layers, min(group.columns, len(layers)))
    return figure


def _layers(maps: DataFrame, group: Group) -> list[str]:
    return [name for name in levels_of(maps, "map") if re.fullmatch(group.layers, str(name))]


def _band(
    figure: FigureBase, rows: int, maps: DataFrame, layers: Sequence[str], columns: int
) -> None:
    panels = figure.subplots(rows, columns, squeeze=False)
    for axes, layer in zip(panels.flat, layers, strict=False):
        values = matrix(at(maps, {"map": layer}))
        heatmap(axes, values, title=layer)
        axes.title.set_fontsize(SMALL - 1.5)
        _outer_ticks(axes, len(values), is_first=axes in panels[:, 0])
    for spare in panels.flat[len(layers) :]:
        spare.set_axis_off()
    scale(figure, panels.flat, shrink=0.74, aspect=8 * rows)


def _outer_ticks(axes: Axes, steps: int, *, is_first: bool) -> None:
    """The first and the last step, from 1 on; on the left of a row only."""
    ends, said = [0, steps - 1], ["1", str(steps)]
    axes.set_xticks(ends, said)
    axes.set_yticks(ends if is_first else [], said if is_first else [])
    axes.tick_params(colors=MUTED, labelsize=SMALL - 2.5)
