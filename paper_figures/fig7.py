"""Fig. 7: similarity of ANN and SNN ResNet-20 on event data, CIFAR10-DVS and N-Caltech101."""

from __future__ import annotations

from matplotlib.figure import Figure
from pandas import DataFrame

from paper_figures.curves import overlaid
from paper_figures.heatmap import heatmap, scale
from paper_figures.scaling import MAP
from paper_figures.select import at, curve, matrix
from paper_figures.style import SMALL, canvas, parts, ramp

SETS = {"cifar10-dvs": "CIFAR10-DVS", "n-caltech101": "N-Caltech101"}


def draw(frame: DataFrame, maps: DataFrame) -> Figure:
    """A heatmap for each data set, then the diagonals of both."""
    figure = canvas(10.2, 3.1)
    left, right = parts(figure, 1, 2)
    panels = left.subplots(1, len(SETS), squeeze=False)[0]
    for axes, (dataset, name) in zip(panels, SETS.items(), strict=True):
        values = matrix(at(maps, {"dataset": dataset, "map": MAP}))
        x, y = "Spiking ResNet-20 T10", "Artificial ResNet-20"
        heatmap(axes, values, title=name, x=x, y=y)
        axes.title.set_fontsize(SMALL)
    scale(left, panels)
    found = {
        name: (curve(frame, {"dataset": dataset, "map": MAP}), colour)
        for (dataset, name), colour in zip(SETS.items(), ramp(len(SETS)), strict=True)
    }
    overlaid(right.subplots(), found, low=0.4)
    return figure
