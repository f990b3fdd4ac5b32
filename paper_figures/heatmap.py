"""Similarity as colour: 0 dark to 1 light, the origin at the lower left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import FigureBase
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from paper_figures.select import Matrix
from paper_figures.style import EMPTY, INK, MUTED, SMALL, not_measured

COLOURS = "magma"
RANGE = Normalize(0.0, 1.0)
HATCH = "////////"
UNDEFINED = "undefined"


def heatmap(axes: Axes, values: Matrix, *, x: str = "", y: str = "", title: str = "") -> None:
    """One map. What is undefined shows the hatched ground; a map that is not there says so."""
    axes.set_title(title, fontsize=SMALL, color=INK, pad=3)
    axes.set_xlabel(x, fontsize=SMALL, color=INK, labelpad=2)
    axes.set_ylabel(y, fontsize=SMALL, color=INK, labelpad=2)
    if not values.size:
        not_there(axes)
        return
    has_gaps = bool(np.isnan(values).any())
    axes.imshow(
        values,
        cmap=COLOURS,
        norm=RANGE,
        origin="lower",
        aspect="equal",
        interpolation="antialiased",
        # of numbers, so that its colours are those of the scale and no mixtures, which pack worse;
        # but what is undefined would spread over its neighbours
        interpolation_stage="auto" if has_gaps else "data",
    )
    if has_gaps:
        axes.patch.set(facecolor=EMPTY, edgecolor=MUTED, hatch=HATCH, linewidth=0)
    axes.spines[:].set_visible(False)
    ticks(axes, values.shape)


def ticks(axes: Axes, shape: Sequence[int]) -> None:
    """Few, whole, small."""
    for axis, length in ((axes.xaxis, shape[1]), (axes.yaxis, shape[0])):
        axis.set_major_locator(MaxNLocator(4 if length > 10 else 3, integer=True))
    axes.tick_params(colors=MUTED, labelsize=SMALL - 2, length=2, width=0.5, pad=1.5)


def not_there(axes: Axes) -> None:
    """An empty plate of the size of a map."""
    axes.set_box_aspect(1)
    axes.set(xticks=[], yticks=[], facecolor=EMPTY)
    axes.spines[:].set_visible(False)
    not_measured(axes)


def scale(
    figure: FigureBase,
    panels: Iterable[Axes],
    *,
    label: str = "CKA",
    shrink: float = 0.8,
    aspect: float = 14,
) -> None:
    """The colour scale of these panels, on their right. A negative value, which an unbiased
    estimate may take, has the colour of 0, and the scale then ends in a point. Hatching is named
    where there is any."""
    shown = list(panels)
    maps = [np.asarray(image.get_array()) for axes in shown for image in axes.images]
    below = any((values[~np.isnan(values)] < 0).any() for values in map(_filled, maps))
    bar = figure.colorbar(
        ScalarMappable(RANGE, COLOURS),
        ax=shown,
        shrink=shrink,
        aspect=aspect,
        pad=0.015,
        extend="min" if below else "neither",
    )
    bar.ax.tick_params(colors=MUTED, labelsize=SMALL - 1.5, length=2, width=0.5)
    bar.set_label(label, fontsize=SMALL - 0.5, color=INK)
    bar.outline.set_visible(False)
    if any(np.isnan(values).any() for values in map(_filled, maps)):
        key = Patch(facecolor=EMPTY, edgecolor=MUTED, hatch=HATCH, linewidth=0, label=UNDEFINED)
        legend = bar.ax.legend(
            handles=[key],
            loc="upper center",
            bbox_to_anchor=(0.5, -0.09),  # below the point; above it stands the title of a panel
            frameon=False,
            fontsize=SMALL - 2,
            labelcolor=MUTED,
            handlelength=1.2,
            handleheight=1.2,
            borderpad=0,
        )
        legend.set_in_layout(False)  # it has room below the bar, and maps must not shrink for it


def _filled(values: Matrix) -> Matrix:
    filled: Matrix = np.ma.filled(np.ma.asarray(values, dtype=float), np.nan)
    return filled
