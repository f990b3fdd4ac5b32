"""Similarity of an ANN and SNNs of more and more time steps: Fig. 5, A.2, A.7."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.figure import Figure
from pandas import DataFrame

from paper_figures.curves import overlaid
from paper_figures.heatmap import heatmap, scale
from paper_figures.select import at, curve, matrix
from paper_figures.style import canvas, parts, ramp

MAP = "ann-snn"


@dataclass(frozen=True)
class Steps:
    """A network and the time steps of its SNNs, in rows of `columns` heatmaps."""

    network: str
    time_steps: tuple[int, ...]
    columns: int
    low: float = 0.2


def draw_steps(frame: DataFrame, maps: DataFrame, study: Steps) -> Figure:
    """Left a heatmap for each number of time steps; right their diagonals in one panel."""
    rows = len(study.time_steps) // study.columns
    figure = canvas(2.15 * study.columns + 4.6, 2.15 * rows)
    left, right = parts(figure, 1, 2, widths=[2.15 * study.columns + 0.6, 4.0])
    panels = left.subplots(rows, study.columns, squeeze=False)
    for axes, steps in zip(panels.flat, study.time_steps, strict=True):
        values = matrix(at(maps, {"time_steps": steps, "map": MAP}))
        name = study.network
        heatmap(axes, values, x=f"Spiking {name} T{steps}", y=f"Artificial {name}")
    scale(left, panels.flat, shrink=0.7, aspect=22)
    found = {
        f"{study.network} T{steps}": (curve(frame, {"time_steps": steps, "map": MAP}), colour)
        for steps, colour in zip(study.time_steps, ramp(len(study.time_steps)), strict=True)
    }
    overlaid(right.subplots(), found, study.low)
    return figure
