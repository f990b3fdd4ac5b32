"""Table 3 as a figure: accuracy over time steps with all of them, and with one stage at one."""

from __future__ import annotations

from matplotlib.figure import Figure
from pandas import DataFrame

from paper_figures.series import ascending, legend, lines, panel
from paper_figures.style import INK, NORMAL


def draw(frame: DataFrame) -> Figure:
    """One line per row of the table; error bars are one standard deviation over seeds."""
    figure = Figure(figsize=(5.4, 3.2), layout="constrained")
    axes = figure.subplots()
    accuracy = frame[frame["quantity"] == "accuracy"]
    levels = ascending(accuracy, "time_steps")
    panel(axes, "", "time_steps", levels)
    lines(axes, accuracy, "time_steps", levels)
    axes.set_xlabel("time steps T", color=INK, fontsize=NORMAL)
    axes.set_ylabel("accuracy, %", color=INK, fontsize=NORMAL)
    legend(axes, "center right")
    return figure
