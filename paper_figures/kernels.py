"""Orientation and frequency of filters on a half circle."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure
from matplotlib.projections.polar import PolarAxes
from numpy.typing import NDArray
from pandas import DataFrame

from paper_figures.pictures import value
from paper_figures.select import at
from paper_figures.style import ANN, INK, MUTED, RULE, SMALL, parts, quiet

COLOURS = "viridis"
LINE = ANN


def compass(figure: SubFigure, frame: DataFrame) -> None:
    """A dot for each filter: its angle the orientation of the bars, its distance from the middle
    the frequency, its colour how much of one orientation it is; below, that filter by filter.
    """
    top, bottom = parts(figure, 2, 1, heights=[1.25, 1.0])
    axes = top.add_subplot(projection="polar")
    assert isinstance(axes, PolarAxes)  # noqa: S101 - what the projection makes
    title = "angle: orientation of the bars; radius: cycles per pixel"
    axes.set_title(title, fontsize=SMALL, color=INK, pad=8)
    axes.set(thetamin=0, thetamax=180)
    axes.tick_params(labelsize=SMALL - 1, colors=MUTED, pad=1)
    axes.grid(color=RULE, linewidth=0.6)
    axes.spines[:].set_color(RULE)
    columns = [_of(frame, name, "trained") for name in ("orientation", "frequency", "coherence")]
    if columns[0].size:
        axes.scatter(np.deg2rad(columns[0]), columns[1], c=columns[2], cmap=COLOURS, vmin=0,
                     vmax=1, s=18, linewidths=0.3, edgecolors="white")  # fmt: skip
        axes.set_rlim(0, max(0.3, float(np.nanmax(columns[1])) * 1.1))
        axes.set_rticks([0.1, 0.3, 0.5] if axes.get_rmax() > 0.35 else [0.1, 0.2, 0.3])
    _sorted(bottom.subplots(), frame)


def _sorted(axes: Axes, frame: DataFrame) -> None:
    """Coherence from the clearest filter on, beside that of the same pixels shuffled."""
    quiet(axes)
    share = value(frame, "oriented_share", pixels="trained")
    said = "" if np.isnan(share) else f"; above 0.5: {share:.0%} of the filters"
    axes.set_title(f"coherence, 1 = one orientation{said}", fontsize=SMALL, color=INK)
    axes.set_xlabel("filters, clearest first", fontsize=SMALL, color=INK)
    axes.set(ylim=(0, 1), yticks=[0, 0.5, 1])
    for pixels, words, colour in (("trained", "kernels", LINE), ("shuffled", "shuffled", MUTED)):
        found = np.sort(_of(frame, "coherence", pixels))[::-1]
        mean = value(frame, "coherence_mean", pixels=pixels)
        if found.size:
            axes.plot(range(1, found.size + 1), found, color=colour, linewidth=1.4,
                      label=f"{words}, mean {mean:.2f}")  # fmt: skip
    if axes.lines:
        axes.legend(fontsize=SMALL - 1, frameon=False, labelcolor=INK, loc="upper right")


def _of(frame: DataFrame, quantity: str, pixels: str) -> NDArray[np.float64]:
    here = at(frame[frame["quantity"] == quantity], {"pixels": pixels})
    return np.asarray(here["value"], dtype=float)
