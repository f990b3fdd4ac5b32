"""The mean of maps over depth and over width, a line for each estimate of the similarity."""

from __future__ import annotations

from matplotlib.figure import Figure
from pandas import DataFrame

from paper_figures.select import at, axes_of, points
from paper_figures.series import ascending, legend, line, panel, ways
from paper_figures.style import INK, NORMAL, SMALL
from paper_figures.words import looks

BESIDE = 4  # names that have room in a panel


def draw(frame: DataFrame) -> Figure:
    """A panel for each axis; error bars are one standard deviation over seeds."""
    columns = ways(frame)
    figure = Figure(figsize=(4.2 * len(columns), 3.2), layout="constrained")
    panels = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
    for axes, (along, heading, there) in zip(panels, columns, strict=True):
        levels, means = ascending(there, along), there[there["quantity"] == "mean"]
        panel(axes, heading, along, levels)
        others = [axis for axis in axes_of(frame) if axis != along]
        among = points(means, ["map", *others])
        for place, look in zip(among, looks(among), strict=True):
            line(axes, at(means, place), along, levels, look)
    units = set(frame.loc[frame["quantity"] == "mean", "unit"])
    what = "CKA" if units == {"CKA"} else "similarity"
    panels[0].set_ylabel(f"mean {what} of all layers", color=INK, fontsize=NORMAL)
    if len(panels[0].get_legend_handles_labels()[0]) <= BESIDE:
        legend(panels[0])
    else:
        figure.set_figwidth(figure.get_figwidth() + 2)
        figure.legend(
            *panels[0].get_legend_handles_labels(),
            frameon=False,
            fontsize=SMALL,
            labelcolor=INK,
            loc="outside right center",
        )
    return figure
