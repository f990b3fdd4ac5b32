"""Table 1 as a figure: accuracy of ANN and SNN over depth and over width, and their gap."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator
from pandas import DataFrame

from paper_figures.style import ANN, GAP, INK, MUTED, NORMAL, SMALL, SNN, quiet

SERIES = (("relu", "ANN", ANN, "o", "-"), ("lif", "SNN", SNN, "s", "--"))


@dataclass(frozen=True)
class Panel:
    """One column of the figure: what is varied, and where the other axis is held."""

    along: str
    held: str
    at: int
    title: str
    is_log: bool


PANELS = (
    Panel("depth", "width", 1, "Depth (width ×1)", is_log=False),
    Panel("width", "depth", 20, "Width (depth 20)", is_log=True),
)


def draw(frame: DataFrame) -> Figure:
    """Accuracy above, gap ANN − SNN below; error bars are one standard deviation over seeds."""
    figure = Figure(figsize=(7.2, 4.2), layout="constrained")
    axes = figure.subplots(2, 2, sharex="col", sharey="row", height_ratios=(2.4, 1))
    for column, panel in enumerate(PANELS):
        here = frame[(frame[panel.held] == panel.at) & frame[panel.along].notna()]
        _accuracy(axes[0, column], here, panel)
        _gap(axes[1, column], here, panel)
    axes[0, 0].set_ylabel("accuracy, %", color=INK, fontsize=NORMAL)
    axes[1, 0].set_ylabel("gap, points", color=INK, fontsize=NORMAL)
    return figure


def _accuracy(axes: Axes, frame: DataFrame, panel: Panel) -> None:
    quiet(axes)
    axes.set_title(panel.title, fontsize=NORMAL, color=INK, loc="left")
    for neuron, label, colour, marker, dashes in SERIES:
        series = frame[(frame["quantity"] == "accuracy") & (frame["neuron"] == neuron)]
        line = _line(series, panel, _levels(frame, panel))
        _plot(axes, line, panel, label=label, color=colour, marker=marker, linestyle=dashes)
    if panel is PANELS[0]:
        axes.legend(frameon=False, fontsize=SMALL, labelcolor=INK, loc="best")


def _gap(axes: Axes, frame: DataFrame, panel: Panel) -> None:
    quiet(axes)
    axes.axhline(0, color=MUTED, linewidth=0.8)
    levels = _levels(frame, panel)
    line = _line(frame[frame["quantity"] == "gap"], panel, levels)
    _plot(axes, line, panel, label="gap", color=GAP, marker="D", linestyle=":")
    if panel.is_log:
        axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(FixedLocator(levels))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(levels, [f"×{level}" if panel.is_log else str(level) for level in levels])
    axes.margins(x=0.06)


def _line(frame: DataFrame, panel: Panel, levels: list[int]) -> DataFrame:
    """The series at every level of the panel: what was not measured is a hole, not a bridge."""
    return frame.set_index(panel.along).reindex(levels).rename_axis(panel.along).reset_index()


def _levels(frame: DataFrame, panel: Panel) -> list[int]:
    return sorted({int(level) for level in frame[panel.along]})


def _plot(axes: Axes, line: DataFrame, panel: Panel, **look: str) -> None:
    axes.errorbar(
        line[panel.along].to_numpy(dtype=float),
        line["value"].to_numpy(dtype=float),
        yerr=line["std"].fillna(0).to_numpy(dtype=float) if (line["n"] > 1).any() else None,
        linewidth=1.6,
        markersize=4.5,
        capsize=2.5,
        elinewidth=0.9,
        **look,  # type: ignore[arg-type]
    )
