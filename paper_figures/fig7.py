"""Fig. 7: similarity of ANN and SNN ResNet-20 on event data, CIFAR10-DVS and N-Caltech101."""

from __future__ import annotations

from matplotlib.figure import Figure
from pandas import DataFrame

from paper_figures.curves import overlaid
from paper_figures.heatmap import heatmap, scale
from paper_figures.select import at, curve, matrix, points, told_apart
from paper_figures.style import SMALL, canvas, parts, ramp
from paper_figures.words import network, words

MAP = {"map": "ann-snn"}


def draw(frame: DataFrame, maps: DataFrame) -> Figure:
    """A heatmap for each data set, then the diagonals of all."""
    shown, runs = points(maps), points(frame)
    axes_of = list(dict.fromkeys(("dataset", *told_apart(runs))))
    figure = canvas(2.55 * max(1, len(shown)) + 5.1, 3.1)
    left, right = parts(figure, 1, 2, widths=[2.55 * max(1, len(shown)), 5.1])
    panels = left.subplots(1, max(1, len(shown)), squeeze=False)[0]
    for axes, levels in zip(panels, shown, strict=True):
        x = f"Spiking {network(levels)} T{levels.get('time_steps', '')}"
        values = matrix(at(maps, levels | MAP))
        title = words(levels, axes_of)
        heatmap(axes, values, title=title, x=x, y=f"Artificial {network(levels)}")
        axes.title.set_fontsize(SMALL)
    scale(left, panels)
    found = {
        words(levels, axes_of): (curve(frame, levels | MAP), colour)
        for levels, colour in zip(runs, ramp(len(runs)), strict=True)
    }
    overlaid(right.subplots(), found, low=0.4)
    return figure
