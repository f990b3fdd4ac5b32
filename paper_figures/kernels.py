"""Orientation and frequency of filters on a half circle."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import SubFigure
from matplotlib.projections.polar import PolarAxes
from pandas import DataFrame

from paper_figures.pictures import value
from paper_figures.select import at
from paper_figures.style import INK, MUTED, RULE, SMALL

COLOURS = "viridis"


def compass(figure: SubFigure, frame: DataFrame) -> None:
    """A dot for each filter: its angle the orientation of the bars, its distance from the middle
    the frequency, its colour how much of one orientation it is.
    """
    axes = figure.add_subplot(projection="polar")
    assert isinstance(axes, PolarAxes)  # noqa: S101 - what the projection makes
    axes.set_title("orientation of the bars, and frequency", fontsize=SMALL, color=INK, pad=10)
    axes.set(thetamin=0, thetamax=180)
    axes.tick_params(labelsize=SMALL - 1, colors=MUTED, pad=1)
    axes.grid(color=RULE, linewidth=0.6)
    axes.spines[:].set_color(RULE)
    axes.set_xlabel("cycles per pixel", fontsize=SMALL - 1, color=MUTED, labelpad=-8)
    here = at(frame, {"pixels": "trained"}).set_index("quantity")["value"]
    columns = [np.asarray(here[here.index == name], dtype=float)
               for name in ("orientation", "frequency", "coherence")]  # fmt: skip
    if not columns[0].size:
        return
    dots = axes.scatter(np.deg2rad(columns[0]), columns[1], c=columns[2], cmap=COLOURS, vmin=0,
                        vmax=1, s=16, linewidths=0.3, edgecolors="white")  # fmt: skip
    axes.set_rlim(0, max(0.3, float(np.nanmax(columns[1])) * 1.1))
    bar = figure.colorbar(dots, ax=axes, shrink=0.6, aspect=24, orientation="horizontal", pad=0.12)
    bar.set_label(_said(frame), fontsize=SMALL, color=INK)
    bar.ax.tick_params(labelsize=SMALL - 1, colors=MUTED, length=2)
    bar.outline.set_visible(False)


def _said(frame: DataFrame) -> str:
    means = [value(frame, "coherence_mean", pixels=name) for name in ("trained", "shuffled")]
    share = value(frame, "oriented_share", pixels="trained")
    return (
        f"coherence, 1 = one orientation\nmean {means[0]:.2f}, pixels shuffled {means[1]:.2f}; "
        f"above 0.5: {share:.0%} of the filters"
    )
