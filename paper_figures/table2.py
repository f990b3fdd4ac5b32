"""Table 2 as a figure: accuracy over depth with and without residual connections."""

from __future__ import annotations

from matplotlib.figure import Figure
from pandas import DataFrame

from paper_figures.select import at, levels_of
from paper_figures.series import ascending, legend, lines, panel
from paper_figures.style import INK, NORMAL
from paper_figures.words import word


def draw(frame: DataFrame) -> Figure:
    """The panels share their scale; error bars are one standard deviation over seeds."""
    accuracy = frame[frame["quantity"] == "accuracy"]
    shown = levels_of(accuracy, "stages_without_shortcut")
    figure = Figure(figsize=(3.6 * len(shown), 3.0), layout="constrained")
    panels = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    for axes, level in zip(panels, shown, strict=True):
        here = at(accuracy, {"stages_without_shortcut": level})
        levels = ascending(accuracy, "depth")
        heading = word("stages_without_shortcut", level)
        panel(axes, heading[:1].upper() + heading[1:], "depth", levels)
        axes.set_xlabel("depth", color=INK, fontsize=NORMAL)
        lines(axes, here, "depth", levels)
    panels[0].set_ylim(0, 100)
    panels[0].set_ylabel("accuracy, %", color=INK, fontsize=NORMAL)
    legend(panels[0], "lower left")
    return figure
