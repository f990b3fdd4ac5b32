"""Table B.1 as a figure: all accuracies, over depth, width and time steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas import DataFrame

from paper_figures.series import Look, legend, levels_of, line, panel
from paper_figures.style import ANN, INK, NORMAL, SNN

SERIES = {"relu": Look("ANN", ANN, "o"), "lif": Look("SNN", SNN, "s", "--")}
ROWS = {"cifar10": "CIFAR-10", "cifar100": "CIFAR-100"}
NOT_TRAINED = {"cifar10": (), "cifar100": (("depth", 38), ("width", 16), ("time_steps", 64))}
"""What the paper prints as N/A: no hole in a line, since nothing is missing there."""


@dataclass(frozen=True)
class Column:
    """What is varied, and where the other axes are held; a number that has no level of one, as an
    ANN has no time steps, is held too."""

    along: str
    held: dict[str, int]
    title: str
    is_log: bool


COLUMNS = (
    Column("depth", {"width": 1, "time_steps": 4}, "Depth (×1, T = 4)", is_log=False),
    Column("width", {"depth": 20, "time_steps": 4}, "Width (depth 20, T = 4)", is_log=True),
    Column("time_steps", {"depth": 20, "width": 1}, "Time steps (depth 20, ×1)", is_log=True),
)


def draw(frame: DataFrame) -> Figure:
    """A row per data set; the ANN, which has no time steps, is a line across the last column."""
    figure = Figure(figsize=(9.2, 5.0), layout="constrained")
    axes = figure.subplots(len(ROWS), len(COLUMNS), sharex="col", sharey="row")
    accuracy = frame[frame["quantity"] == "accuracy"]
    for row, (dataset, name) in enumerate(ROWS.items()):
        for number, column in enumerate(COLUMNS):
            levels = levels_of(_held(accuracy, column), column.along)
            here = accuracy[accuracy["dataset"] == dataset]
            asked = [n for n in levels if (column.along, n) not in NOT_TRAINED[dataset]]
            title = column.title if row == 0 else ""
            panel(axes[row, number], title, column.along, levels, is_log=column.is_log)
            _series(axes[row, number], _held(here, column), column, asked)
        axes[row, 0].set_ylabel(f"{name}\naccuracy, %", color=INK, fontsize=NORMAL)
    legend(axes[0, 0])
    return figure


def _held(frame: DataFrame, column: Column) -> DataFrame:
    for axis, level in column.held.items():
        frame = frame[(frame[axis] == level).fillna(value=True)]
    return frame


def _series(axes: Axes, frame: DataFrame, column: Column, levels: Sequence[int]) -> None:
    for neuron, look in SERIES.items():
        here = frame[frame["neuron"] == neuron]
        if here[column.along].notna().any():
            line(axes, here[here[column.along].notna()], column.along, levels, look)
        else:
            for value in here["value"].dropna():
                axes.axhline(value, color=look.colour, linestyle="-", linewidth=1.2)
