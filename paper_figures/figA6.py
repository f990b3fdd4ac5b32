"""Fig. A.6: the effect of residual connections in the SNN, ResNet-56 on CIFAR-100."""

from __future__ import annotations

from matplotlib.figure import Figure, FigureBase
from pandas import DataFrame

from paper_figures.partial import self_similarity
from paper_figures.select import at, curve, points
from paper_figures.style import INK, SMALL, SNN, canvas, parts, quiet


def draw(frame: DataFrame, maps: DataFrame) -> Figure:
    """Above the SNN with itself, the stage without shortcuts in green; below the accuracy of a
    linear probe on the output of each block."""
    probes = frame[frame["quantity"] == "probe_accuracy"]
    shown = [(height, draw_part, rows) for height, draw_part, rows in
             ((1.3, self_similarity, maps), (1.0, _probes, probes)) if len(rows)]  # fmt: skip
    heights = [height for height, *_ in shown]
    widest = max((len(points(rows)) for *_, rows in shown), default=2)
    figure = canvas(2.4 * max(1.25, widest), 2.0 * sum(heights))
    cut = parts(figure, len(shown), 1, heights=heights)
    for part, (_, draw_part, rows) in zip(cut, shown, strict=True):
        draw_part(part, rows)
    return figure


def _probes(figure: FigureBase, probes: DataFrame) -> None:
    shown = points(probes)
    panels = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    for axes, levels in zip(panels, shown, strict=True):
        quiet(axes)
        here = curve(at(probes, levels), {}, "probe_accuracy")
        y = here["value"].to_numpy(dtype=float)
        axes.plot(here["at"].to_numpy(dtype=float), y, color=SNN, marker="o", markersize=3)
        axes.set_xlabel("Blocks", fontsize=SMALL, color=INK)
    panels[0].set_ylim(bottom=0)
    panels[0].set_ylabel("Accuracy, %", fontsize=SMALL, color=INK)
