"""Activations of one image as tiles, with the image and how sparse they are: lab Fig. 2 and 3."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas import DataFrame

from paper_figures.pictures import picture, show, value
from paper_figures.select import at, matrix
from paper_figures.style import (
    ANN,
    EMPTY,
    INK,
    MUTED,
    SMALL,
    SNN,
    canvas,
    not_measured,
    parts,
    quiet,
)

LAYER = "bn2"
NETWORKS = {"relu": ("CNN", ANN), "lif": ("SNN", SNN)}
QUANTITIES = {
    "zero_share": "exactly 0",
    "near_zero_share": "below 1 % of\nthe largest",
    "hoyer": "Hoyer",
    "treves_rolls": "Treves–\nRolls",
}
LAYERS = {"bn2": "second batch norm", "relu2": "behind the neurons"}


def draw_activations(frame: DataFrame, maps: DataFrame, shown: str, beside: list[str]) -> Figure:
    """The sheet of the network `shown`; the sparsity of it and of those `beside` it."""
    figure = canvas(9.0, 5.0)
    left, right = parts(figure, 1, 2, widths=[1.25, 1.0])
    here = at(maps, {"neuron": shown})
    _sheet(left.subplots(), matrix(at(here, {"map": f"sheet-{LAYER}"})), NETWORKS[shown][0])
    top, *below = right.subplots(3, 1, height_ratios=[1.15, 1.0, 1.0])
    show(top, picture(here, "shown"), title="the image")
    for axes, (layer, said) in zip(below, LAYERS.items(), strict=True):
        _sparsity(axes, frame, layer, said, beside)
    return figure


def _sheet(axes: Axes, values: np.ndarray[tuple[int, ...], np.dtype[np.float64]], who: str) -> None:
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.set_title(f"{who}: second batch norm, a tile for each channel", fontsize=SMALL, color=INK)
    if not values.size:
        axes.set_facecolor(EMPTY)
        not_measured(axes)
        return
    far = float(np.nanmax(np.abs(values))) or 1.0
    drawn = axes.imshow(values, cmap="RdBu_r", vmin=-far, vmax=far, interpolation="nearest")
    bar = axes.figure.colorbar(drawn, ax=axes, shrink=0.6, aspect=30, pad=0.02)
    bar.set_label("activation, mean over time", fontsize=SMALL, color=INK)
    bar.ax.tick_params(labelsize=SMALL - 1, colors=MUTED, length=2)
    bar.outline.set_visible(False)


def _sparsity(axes: Axes, frame: DataFrame, layer: str, said: str, networks: list[str]) -> None:
    quiet(axes)
    axes.set_title(f"sparsity, {said}", fontsize=SMALL, color=INK)
    wide = 0.8 / len(networks)
    for number, neuron in enumerate(networks):
        name, colour = NETWORKS[neuron]
        for place, quantity in enumerate(QUANTITIES):
            found = value(frame, quantity, neuron=neuron, layer=layer)
            x = place + (number - (len(networks) - 1) / 2) * wide
            axes.bar(x, 0.0 if np.isnan(found) else found, wide * 0.92, color=colour,
                     label=name if place == 0 else None)  # fmt: skip
            text = "–" if np.isnan(found) else f"{found:.2f}"
            axes.text(x, (0.0 if np.isnan(found) else found) + 0.02, text, fontsize=SMALL - 1,
                      color=INK, ha="center", va="bottom")  # fmt: skip
    axes.set(ylim=(0, 1.35), yticks=[0, 0.5, 1])
    axes.set_xticks(range(len(QUANTITIES)), list(QUANTITIES.values()), fontsize=SMALL - 1)
    if len(networks) > 1:
        axes.legend(fontsize=SMALL - 1, frameon=False, labelcolor=INK, ncols=2, loc="upper left")
