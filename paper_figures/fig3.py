"""Fig. 3: emergence of the periodic jagged CKA curve, ResNet-110 on CIFAR-10."""

from __future__ import annotations

from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase
from matplotlib.patches import FancyBboxPatch
from pandas import DataFrame

from paper_figures.blocks import (
    GREY,
    MAP,
    PLACES,
    connect,
    enlarged,
    key,
    place_of,
    whole,
    zooms,
)
from paper_figures.curves import SIMILARITY, plate
from paper_figures.select import Levels, curve
from paper_figures.style import INK, SMALL, arrow
from paper_figures.words import network, stacked

POSITIONS = {
    "input": "input", "act1": "relu1", "conv1": "conv1", "bn1": "bn1", "act2": "relu2",
    "conv2": "conv2", "bn2": "bn2", "output": "output",
}  # fmt: skip
"""Position in a block → the end of the names of the layers there."""
_arrow = partial(arrow, colour=INK, head=7, width=0.8)
BOXES = {"relu1": "LIF/\nReLU", "conv1": "Conv", "bn1": "(td)BN", "relu2": "LIF/\nReLU",
         "conv2": "Conv", "bn2": "(td)BN"}  # fmt: skip


def draw(frame: DataFrame, maps: DataFrame) -> Figure:
    """Left the curve of all layers and two blocks of it; top right the average over all blocks at
    each place of a block; bottom right the block itself."""
    return stacked(frame, maps, (9.6, 4.4), _draw)


def _draw(figure: FigureBase, frame: DataFrame, maps: DataFrame, levels: Levels) -> None:
    there = curve(frame, MAP)
    large = zooms(there)
    above = [zoom.block for zoom in large] or ["whole"]
    parts = figure.subplot_mosaic(
        [[*above, "average"], [*("whole" for _ in above), "block"]],
        height_ratios=(1.25, 1),
        width_ratios=(*(2.0 / len(above) for _ in above), 1.35),
    )
    whole(parts["whole"], there, network(levels))
    for zoom in large:
        enlarged(parts[zoom.block], there, zoom)
        connect(parts[zoom.block], parts["whole"], there, zoom)
    key(parts[above[0]])
    _average(parts["average"], frame[frame["quantity"] == "position_mean"])
    _block(parts["block"])


def _average(axes: Axes, means: DataFrame) -> None:
    plate(axes, x="", y=SIMILARITY)
    axes.set_title("Average over all blocks", fontsize=SMALL, color=INK)
    found = means.set_index("position")["value"].reindex(list(POSITIONS))
    axes.plot(range(len(found)), found.to_numpy(dtype=float), color=GREY, linewidth=1.0)
    for place, (position, value) in enumerate(found.items()):
        kind = place_of(POSITIONS[str(position)])
        axes.plot([place], [value], color=kind.colour, marker=kind.marker, markersize=5)
    axes.set_xticks(range(len(found)), list(found.index), rotation=35, ha="right")


def _block(axes: Axes) -> None:
    """Input, six layers, and the sum with the shortcut."""
    axes.set_axis_off()
    axes.set(xlim=(-1.0, len(BOXES) + 1.0), ylim=(-1.0, 1.6))
    for place, (layer, words) in enumerate(BOXES.items()):
        box = FancyBboxPatch(
            (place - 0.36, -0.42), 0.72, 0.84, boxstyle="round,pad=0.0,rounding_size=0.1",
            facecolor="white", edgecolor=place_of(layer).colour, linewidth=1.2,
        )  # fmt: skip
        axes.add_patch(box)
        axes.text(place, 0, words, fontsize=SMALL - 2, color=INK, ha="center", va="center")
    end = len(BOXES) - 0.2
    for place in range(-1, len(BOXES)):
        _arrow(axes, (place + (0.38 if place >= 0 else 0.1), 0), (place + 0.62, 0))
    _arrow(axes, (end + 0.36, 0), (end + 1.0, 0))
    axes.plot([-0.7, -0.7, end + 0.1], [0.0, 0.95, 0.95], color=INK, linewidth=0.8)
    _arrow(axes, (end + 0.1, 0.95), (end + 0.1, 0.22))
    axes.text(end + 0.1, 0, "+", fontsize=SMALL + 4, color=PLACES[0].colour, ha="center",
              va="center", weight="bold")  # fmt: skip
    axes.text(2.5, 1.12, "shortcut", fontsize=SMALL - 1, color=INK, ha="center", va="center")
