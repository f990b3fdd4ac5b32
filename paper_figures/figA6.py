"""Fig. A.6: the effect of residual connections in the SNN, ResNet-56 on CIFAR-100."""

from __future__ import annotations

from matplotlib.figure import Figure, FigureBase
from pandas import DataFrame

from paper_figures.partial import NETWORKS, self_similarity
from paper_figures.select import curve
from paper_figures.style import INK, SMALL, SNN, canvas, not_measured, parts, quiet


def draw(frame: DataFrame, maps: DataFrame) -> Figure:
    """Above the SNN with itself, the stage without shortcuts in green; below the accuracy of a
    linear probe on the output of each block."""
    figure = canvas(9.6, 4.6)
    above, below = parts(figure, 2, 1, heights=[1.3, 1.0])
    self_similarity(above, maps)
    _probes(below, frame)
    return figure


def _probes(figure: FigureBase, frame: DataFrame) -> None:
    panels = figure.subplots(1, len(NETWORKS), sharey=True)
    for axes, residual in zip(panels, NETWORKS, strict=True):
        quiet(axes)
        probes = curve(frame, {"residual": residual}, "probe_accuracy")
        y = probes["value"].to_numpy(dtype=float)
        axes.plot(probes["at"].to_numpy(dtype=float), y, color=SNN, marker="o", markersize=3)
        if probes.empty:
            not_measured(axes)
        axes.set_xlabel("Blocks", fontsize=SMALL, color=INK)
    panels[0].set_ylim(bottom=0)
    panels[0].set_ylabel("Accuracy, %", fontsize=SMALL, color=INK)
