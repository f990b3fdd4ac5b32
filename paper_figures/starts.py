"""Similarity between networks of two initialisations: Fig. C.1, C.2."""

from __future__ import annotations

from matplotlib.figure import Figure
from pandas import DataFrame

from paper_figures.heatmap import heatmap, scale
from paper_figures.select import Levels, at, levels_of, matrix, points
from paper_figures.style import canvas, parts
from paper_figures.words import kind, network

OF_ONE_KIND = ("ann-ann", "snn-snn")  # Fig. C.2 is compared with these, and does not show them


def draw_starts(frame: DataFrame, maps: DataFrame) -> Figure:
    """A row for each network, a heatmap for each pair of initialisations; where the pair is of an
    SNN and an ANN, the SNN is across.
    """
    drawn = maps[~maps["map"].isin(OF_ONE_KIND)]
    rows = [(levels, levels_of(at(drawn, levels), "map")) for levels in points(drawn)]
    widest = max((len(pairs) for _, pairs in rows), default=1)
    figure = canvas(2.25 * widest + 0.8, 2.25 * len(rows))
    for part, (levels, pairs) in zip(parts(figure, len(rows), 1), rows, strict=True):
        panels = part.subplots(1, len(pairs), squeeze=False)[0]
        for axes, pair in zip(panels, pairs, strict=True):
            x, y = (f"{who} {network(levels)}" for who in _kinds(levels))
            across, up = str(pair).split("-")
            values = matrix(at(maps, levels | {"map": pair}))
            heatmap(axes, values, x=f"{x} {across}", y=f"{y} {up}")
        scale(part, panels)
    return figure


def _kinds(levels: Levels) -> tuple[str, str]:
    """Of the networks across and up; a pair of an SNN and an ANN is of no one neuron."""
    return (kind(levels),) * 2 if "neuron" in levels else ("Spiking", "Artificial")
