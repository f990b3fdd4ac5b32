"""Similarity layer by layer: the diagonals of heatmaps as lines."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from pandas import DataFrame

from paper_figures.style import INK, SMALL, Corner, quiet

LAYERS = "Layers"
SIMILARITY = "Similarity"


def plate(axes: Axes, *, x: str = LAYERS, y: str = SIMILARITY, low: float = 0.0) -> None:
    """An empty panel from `low` to 1."""
    quiet(axes)
    axes.set_ylim(low, 1.03)
    axes.set_xlabel(x, fontsize=SMALL, color=INK, labelpad=2)
    axes.set_ylabel(y, fontsize=SMALL, color=INK, labelpad=2)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.tick_params(labelsize=SMALL - 1)


def trace(axes: Axes, curve: DataFrame, label: str, colour: str, width: float = 1.2) -> None:
    """One line, broken where a layer is undefined, with a band of one standard deviation where it
    is a mean over seeds. A curve that was not measured stays in the legend and says so."""
    x = curve["at"].to_numpy(dtype=float)
    y = curve["value"].to_numpy(dtype=float)
    said = label if len(curve) else f"{label} (not measured)"
    axes.plot(x, y, color=colour, linewidth=width, label=said, solid_joinstyle="round")
    spread = curve["std"].to_numpy(dtype=float)
    if (curve["n"] > 1).any():
        axes.fill_between(x, y - spread, y + spread, color=colour, alpha=0.18, linewidth=0)
    axes.margins(x=0.015)


def overlaid(axes: Axes, found: Mapping[str, tuple[DataFrame, str]], low: float = 0.0) -> None:
    """Curves by label, each with its colour, in one panel; the floor drops if one lies lower."""
    least = [curve["value"].min() for curve, _ in found.values() if curve["value"].notna().any()]
    plate(axes, low=min([low, *(0.1 * (value // 0.1) for value in least)]))
    for label, (curve, colour) in found.items():
        trace(axes, curve, label, colour)
    legend(axes)


def legend(axes: Axes, place: Corner = "best", columns: int = 1) -> None:
    """The names of the lines."""
    axes.legend(
        frameon=False,
        fontsize=SMALL - 1,
        labelcolor=INK,
        loc=place,
        ncols=columns,
        handlelength=1.6,
        labelspacing=0.3,
        columnspacing=1.0,
    )


def named(axes: Axes, name: str) -> None:
    """The name of a network above its own small panel."""
    axes.set_title(name, fontsize=SMALL - 1, color=INK, loc="right", pad=1)
