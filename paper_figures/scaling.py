"""Similarity of SNNs and ANNs over depth and over width: Fig. 2, A.1, A.4, A.10."""

from __future__ import annotations

from matplotlib.figure import Figure, FigureBase
from pandas import DataFrame

from paper_figures.curves import LAYERS, SIMILARITY, named, overlaid, plate, trace
from paper_figures.heatmap import heatmap, scale
from paper_figures.select import Levels, at, curve, matrix, points, through
from paper_figures.style import ANN, canvas, parts, ramp
from paper_figures.words import kind, network

MAP = {"map": "ann-snn"}
LOW = 0.2  # where the width panel of the paper starts


def draw_scaling(frame: DataFrame, maps: DataFrame) -> Figure:
    """Heatmaps by depth, heatmaps by width; below, their diagonals: by depth each in its own
    panel, by width in one. An axis of a single level has neither; of a single network the map
    stands beside its curve.
    """
    by_depth, by_width = (_over(frame, axis) for axis in ("depth", "width"))
    if not by_depth and not by_width:
        by_width = points(frame)
    rows = [row for row in (_there(maps, by_depth), _there(maps, by_width)) if row]
    curves = [(_stacked, by_depth)] * bool(by_depth) + [(_together, by_width)] * bool(by_width)
    if [len(row) for row in rows] == [1]:  # side by side: there is no row to stand in
        figure = canvas(7.2, 2.6)
        left, right = parts(figure, 1, 2)
        _heatmaps(left, maps, rows[0])
        _together(right, frame, by_width)
        return figure
    columns = max(3, *map(len, rows), 0)
    figure = canvas(1.0 + 2.05 * columns, 2.28 * (len(rows) + 1.6))
    *above, last = parts(figure, len(rows) + 1, 1, heights=[*(1.0 for _ in rows), 1.6])
    for part, row in zip(above, rows, strict=True):
        _heatmaps(part, maps, row)
    for part, (draw, networks) in zip(parts(last, 1, len(curves)), curves, strict=True):
        draw(part, frame, networks)
    return figure


def _over(frame: DataFrame, axis: str) -> list[Levels]:
    """The networks along an axis; none where there is nothing to go along."""
    found = points(through(frame, axis, ("depth", "width"))[0])
    return found if len({levels.get(axis) for levels in found}) > 1 else []


def _there(maps: DataFrame, networks: list[Levels]) -> list[Levels]:
    return [levels for levels in networks if len(at(maps, levels | MAP))]


def _heatmaps(figure: FigureBase, maps: DataFrame, networks: list[Levels]) -> None:
    panels = figure.subplots(1, len(networks), squeeze=False)[0]
    for axes, levels in zip(panels, networks, strict=True):
        name = network(levels)
        values = matrix(at(maps, levels | MAP))
        heatmap(axes, values, x=f"{kind(levels)} {name}", y=f"Artificial {name}")
    scale(figure, panels)


def _stacked(figure: FigureBase, frame: DataFrame, networks: list[Levels]) -> None:
    panels = figure.subplots(len(networks), 1, squeeze=False)[:, 0]
    middle = panels[len(panels) // 2]
    for axes, levels in zip(panels, networks, strict=True):
        plate(axes, x=LAYERS if axes is panels[-1] else "", y=SIMILARITY if axes is middle else "")
        trace(axes, curve(frame, levels | MAP), _name(levels), ANN, width=0.9)
        axes.set_yticks([0.0, 0.5, 1.0])
        named(axes, _name(levels))


def _together(figure: FigureBase, frame: DataFrame, networks: list[Levels]) -> None:
    found = {
        _name(levels): (curve(frame, levels | MAP), colour)
        for levels, colour in zip(networks, ramp(len(networks)), strict=True)
    }
    overlaid(figure.subplots(), found, LOW)


def _name(levels: Levels) -> str:
    """With its neuron, where that is not the same everywhere."""
    return f"{kind(levels)} {network(levels)}" if "neuron" in levels else network(levels)
