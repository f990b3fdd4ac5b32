"""Lines of a quantity over the levels of an axis, with error bars where there are seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator
from pandas import DataFrame

from paper_figures.style import INK, NORMAL, SMALL, Corner, quiet


@dataclass(frozen=True)
class Look:
    """How a series is told apart, in colour and in grey."""

    label: str
    colour: str
    marker: str
    dashes: str = "-"


def panel(axes: Axes, title: str, along: str, levels: Sequence[int], *, is_log: bool) -> None:
    """An empty panel with a tick at each level; a width is written as a factor."""
    quiet(axes)
    axes.set_title(title, fontsize=NORMAL, color=INK, loc="left")
    if is_log:
        axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(FixedLocator(list(levels)))
    axes.xaxis.set_minor_locator(NullLocator())
    said = [f"×{level}" if along == "width" else str(level) for level in levels]
    axes.set_xticks(list(levels), said)
    axes.margins(x=0.06)


def line(axes: Axes, frame: DataFrame, along: str, levels: Sequence[int], look: Look) -> None:
    """The series at every level of the panel: what was not measured is a hole, not a bridge."""
    there = frame.set_index(along).reindex(list(levels)).rename_axis(along).reset_index()
    axes.errorbar(
        there[along].to_numpy(dtype=float),
        there["value"].to_numpy(dtype=float),
        yerr=there["std"].fillna(0).to_numpy(dtype=float) if (there["n"] > 1).any() else None,
        label=look.label,
        color=look.colour,
        marker=look.marker,
        linestyle=look.dashes,
        linewidth=1.6,
        markersize=4.5,
        capsize=2.5,
        elinewidth=0.9,
    )


def legend(axes: Axes, place: Corner = "best") -> None:
    """The names of the series, without a frame."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=SMALL, labelcolor=INK, loc=place)


def levels_of(frame: DataFrame, along: str) -> list[int]:
    """The levels that occur, ascending."""
    return sorted({int(level) for level in frame[along].dropna()})
