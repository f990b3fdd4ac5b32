"""Table 3 as a figure: accuracy over time steps with all of them, and with one stage at one."""

from __future__ import annotations

from matplotlib.figure import Figure
from pandas import DataFrame

from paper_figures.series import Look, legend, levels_of, line, panel
from paper_figures.style import FIRST, INK, LAST, NORMAL, SNN

SERIES = {
    "no-stage": Look("all time steps in each stage", SNN, "s"),
    "stage-1": Look("one time step in the first stage", FIRST, "o", "--"),
    "stage-3": Look("one time step in the last stage", LAST, "D", ":"),
}


def draw(frame: DataFrame) -> Figure:
    """One line per row of the table; error bars are one standard deviation over seeds."""
    figure = Figure(figsize=(5.4, 3.2), layout="constrained")
    axes = figure.subplots()
    accuracy = frame[frame["quantity"] == "accuracy"]
    levels = levels_of(accuracy, "time_steps")
    panel(axes, "", "time_steps", levels, is_log=True)
    for stage, look in SERIES.items():
        here = accuracy[accuracy["single_step"] == stage]
        line(axes, here, "time_steps", levels, look)
    axes.set_xlabel("time steps T", color=INK, fontsize=NORMAL)
    axes.set_ylabel("accuracy, %", color=INK, fontsize=NORMAL)
    legend(axes, "center right")
    return figure
