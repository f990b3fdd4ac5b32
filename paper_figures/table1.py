"""Table 1 as a figure: accuracy of ANN and SNN over depth and over width, and their gap."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas import DataFrame

from paper_figures.series import Look, legend, levels_of, line, panel
from paper_figures.style import ANN, GAP, INK, MUTED, NORMAL, SNN

SERIES = {"relu": Look("ANN", ANN, "o"), "lif": Look("SNN", SNN, "s", "--")}
DIFFERENCE = Look("gap", GAP, "D", ":")


@dataclass(frozen=True)
class Column:
    """One column of the figure: what is varied, and where the other axis is held."""

    along: str
    held: str
    at: int
    title: str
    is_log: bool


COLUMNS = (
    Column("depth", "width", 1, "Depth (width ×1)", is_log=False),
    Column("width", "depth", 20, "Width (depth 20)", is_log=True),
)


def draw(frame: DataFrame) -> Figure:
    """Accuracy above, gap ANN − SNN below; error bars are one standard deviation over seeds."""
    figure = Figure(figsize=(7.2, 4.2), layout="constrained")
    axes = figure.subplots(2, 2, sharex="col", sharey="row", height_ratios=(2.4, 1))
    for number, column in enumerate(COLUMNS):
        here = frame[(frame[column.held] == column.at) & frame[column.along].notna()]
        _accuracy(axes[0, number], here, column)
        _gap(axes[1, number], here, column)
    legend(axes[0, 0])
    axes[0, 0].set_ylabel("accuracy, %", color=INK, fontsize=NORMAL)
    axes[1, 0].set_ylabel("gap, points", color=INK, fontsize=NORMAL)
    return figure


def _accuracy(axes: Axes, frame: DataFrame, column: Column) -> None:
    levels = levels_of(frame, column.along)
    panel(axes, column.title, column.along, levels, is_log=column.is_log)
    accuracy = frame[frame["quantity"] == "accuracy"]
    for neuron, look in SERIES.items():
        line(axes, accuracy[accuracy["neuron"] == neuron], column.along, levels, look)


def _gap(axes: Axes, frame: DataFrame, column: Column) -> None:
    levels = levels_of(frame, column.along)
    panel(axes, "", column.along, levels, is_log=column.is_log)
    axes.axhline(0, color=MUTED, linewidth=0.8)
    line(axes, frame[frame["quantity"] == "gap"], column.along, levels, DIFFERENCE)
