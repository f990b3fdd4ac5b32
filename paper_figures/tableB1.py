"""Table B.1 as a figure: all accuracies, over depth, width and time steps."""

from __future__ import annotations

from matplotlib.figure import Figure
from pandas import DataFrame

from paper_figures.select import at, levels_of
from paper_figures.series import ascending, legend, lines, panel, ways
from paper_figures.style import INK, NORMAL
from paper_figures.words import word


def draw(frame: DataFrame) -> Figure:
    """A row per data set; the ANN, which has no time steps, is a line across the last column. What
    the paper prints as N/A is no hole in a line, since nothing is missing there.
    """
    accuracy = frame[frame["quantity"] == "accuracy"]
    rows, columns = levels_of(accuracy, "dataset"), ways(accuracy)
    size = (0.8 + 2.8 * len(columns), 0.4 + 2.3 * len(rows))
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(len(rows), len(columns), sharex="col", sharey="row", squeeze=False)
    for row, dataset in enumerate(rows):
        for number, (along, heading, there) in enumerate(columns):
            here = at(there, {"dataset": dataset})
            levels = ascending(there, along)
            panel(axes[row, number], "" if row else heading, along, levels)
            lines(axes[row, number], here, along, ascending(here, along))
        name = word("dataset", dataset)
        axes[row, 0].set_ylabel(f"{name}\naccuracy, %", color=INK, fontsize=NORMAL)
    legend(axes[0, 0])
    return figure
