"""Activations of one image as tiles, with the image and how sparse they are: lab Fig. 2 and 3."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase
from pandas import DataFrame

from paper_figures.pictures import picture, show, value
from paper_figures.select import Levels, at, axes_of, levels_of, matrix, points
from paper_figures.style import INK, MUTED, SMALL, parts, quiet
from paper_figures.words import looks, stacked

LAYER = "bn2"
NAMES = {"relu": "CNN", "lif": "SNN"}
QUANTITIES = {
    "zero_share": "exactly 0",
    "near_zero_share": "below 1 % of\nthe largest",
    "hoyer": "Hoyer",
    "treves_rolls": "Treves–\nRolls",
}
LAYERS = {"bn2": "second batch norm", "relu2": "behind the neurons"}


def draw_activations(frame: DataFrame, maps: DataFrame, shown: str) -> Figure:
    """The sheet of the network `shown`, or of the first one; the sparsity of all."""
    there = levels_of(frame, "neuron")
    neuron = shown if shown in there else there[0] if there else shown

    def draw(figure: FigureBase, frame: DataFrame, maps: DataFrame, levels: Levels) -> None:
        left, right = parts(figure, 1, 2, widths=[1.25, 1.0])
        here = at(maps, {"neuron": neuron})
        sheet = matrix(at(here, {"map": f"sheet-{LAYER}"}))
        if sheet.size:
            _sheet(left.subplots(), sheet, NAMES.get(neuron, neuron))
        image = picture(here, "shown")
        layers = {name: said for name, said in LAYERS.items() if name in levels_of(frame, "layer")}
        heights = [1.15] * bool(image.size) + [1.0] * len(layers)
        panels = list(right.subplots(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0])
        if image.size:
            show(panels.pop(0), image, title="the image")
        for axes, (layer, said) in zip(panels, layers.items(), strict=True):
            _sparsity(axes, frame, layer, said)

    others = [axis for axis in axes_of(frame) if axis != "neuron"]
    return stacked(frame, maps, (9.0, 5.0), draw, others)


def _sheet(axes: Axes, values: np.ndarray[tuple[int, ...], np.dtype[np.float64]], who: str) -> None:
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.set_title(f"{who}: second batch norm, a tile for each channel", fontsize=SMALL, color=INK)
    far = float(np.nanmax(np.abs(values))) or 1.0
    drawn = axes.imshow(values, cmap="RdBu_r", vmin=-far, vmax=far, interpolation="nearest")
    bar = axes.figure.colorbar(drawn, ax=axes, shrink=0.6, aspect=30, pad=0.02)
    bar.set_label("activation, mean over time", fontsize=SMALL, color=INK)
    bar.ax.tick_params(labelsize=SMALL - 1, colors=MUTED, length=2)
    bar.outline.set_visible(False)


def _sparsity(axes: Axes, frame: DataFrame, layer: str, said: str) -> None:
    quiet(axes)
    axes.set_title(f"sparsity, {said}", fontsize=SMALL, color=INK)
    networks = points(frame)
    wide = 0.8 / len(networks)
    for number, (levels, look) in enumerate(zip(networks, looks(networks), strict=True)):
        here = at(frame, levels)
        name = NAMES.get(str(levels.get("neuron")), look.label)
        for place, quantity in enumerate(QUANTITIES):
            found = value(here, quantity, layer=layer)
            x = place + (number - (len(networks) - 1) / 2) * wide
            axes.bar(x, 0.0 if np.isnan(found) else found, wide * 0.92, color=look.colour,
                     label=name if place == 0 else None)  # fmt: skip
            text = "–" if np.isnan(found) else f"{found:.2f}"
            axes.text(x, (0.0 if np.isnan(found) else found) + 0.02, text, fontsize=SMALL - 1,
                      color=INK, ha="center", va="bottom")  # fmt: skip
    axes.set(ylim=(0, 1.35), yticks=[0, 0.5, 1])
    axes.set_xticks(range(len(QUANTITIES)), list(QUANTITIES.values()), fontsize=SMALL - 1)
    if len(networks) > 1:
        axes.legend(fontsize=SMALL - 1, frameon=False, labelcolor=INK, ncols=2, loc="upper left")
