"""Table 1 as a figure: accuracy of ANN and SNN over depth and over width, and their gap."""

from __future__ import annotations

from matplotlib.figure import Figure
from pandas import DataFrame

from paper_figures.series import ascending, legend, lines, panel, ways
from paper_figures.style import INK, MUTED, NORMAL

SHOWN = {"accuracy": ("accuracy, %", 2.4), "gap": ("gap, points", 1.0)}
"""Quantity → what stands beside its axis, and how high its panels are."""


def draw(frame: DataFrame) -> Figure:
    """Accuracy above, gap ANN − SNN below; error bars are one standard deviation over seeds."""
    rows = [name for name in SHOWN if (frame["quantity"] == name).any()]
    columns = ways(frame)
    heights = [SHOWN[name][1] for name in rows]
    size = (3.6 * len(columns), 1.24 * sum(heights))
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(len(rows), len(columns), sharex="col", sharey="row", squeeze=False,
                           height_ratios=heights)  # fmt: skip
    for row, quantity in enumerate(rows):
        for number, (along, heading, there) in enumerate(columns):
            panel(axes[row, number], "" if row else heading, along, ascending(there, along))
            here = there[there["quantity"] == quantity]
            lines(axes[row, number], here, along, ascending(there, along))
            if quantity == "gap":
                axes[row, number].axhline(0, color=MUTED, linewidth=0.8)
        axes[row, 0].set_ylabel(SHOWN[quantity][0], color=INK, fontsize=NORMAL)
    legend(axes[0, 0])
    return figure
