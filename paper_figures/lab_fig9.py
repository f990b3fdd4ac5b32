"""Lab Fig. 9: mean of the images that most activate a layer, a channel and a neuron of the SNN."""

from __future__ import annotations

import math

from matplotlib.figure import Figure, FigureBase, SubFigure
from pandas import DataFrame

from paper_figures.pictures import picture, show, value, word
from paper_figures.select import Levels, levels_of
from paper_figures.style import INK, MUTED, NORMAL, SMALL, parts
from paper_figures.words import stacked

TARGETS = ("layer", "channel", "neuron")
ROWS, COLUMNS = 4, 5


def draw(frame: DataFrame, maps: DataFrame) -> Figure:
    """From left to right layer, channel, neuron: the mean, and below it the single images."""
    return stacked(frame, maps, (9.6, 5.9), _draw)


def _draw(figure: FigureBase, frame: DataFrame, maps: DataFrame, levels: Levels) -> None:
    there = levels_of(frame, "target")
    shown = [target for target in TARGETS if target in there]
    for part, target in zip(parts(figure, 1, len(shown)), shown, strict=True):
        part.suptitle(_title(frame, target), fontsize=NORMAL, color=INK, weight="bold")
        _target(part, frame, maps, target)


def _title(frame: DataFrame, target: str) -> str:
    """`layer relu2`, `channel 5`, `neuron in row 2, column 2`."""
    channel, _, place = word(frame, "neuron").partition(", ")
    said = {"layer": f"layer {word(frame, 'layer')}", "channel": channel, "neuron": "neuron"}
    return f"neuron in {place}" if target == "neuron" and place else said[target].strip() or target


def _target(figure: SubFigure, frame: DataFrame, maps: DataFrame, target: str) -> None:
    # a thumbnail is square, so the rows of a taller part would stand apart
    top, bottom = parts(figure, 2, 1, heights=[1.0, 1.3])
    axes = top.subplots()
    show(axes, picture(maps, f"{target}-mean"))
    ties = value(frame, "ties", target=target)
    mean = value(frame, "activation_mean", target=target)
    if not math.isnan(mean):
        tied = f", {ties:.0f} more tie" if ties else ""
        axes.set_xlabel(f"mean of {ROWS * COLUMNS}, activation {mean:.3g}{tied}",
                        fontsize=SMALL, color=INK)  # fmt: skip
    for rank, small in enumerate(bottom.subplots(ROWS, COLUMNS).flat, 1):
        image = picture(maps, f"{target}-{rank}")
        small.set(xticks=[], yticks=[])
        small.spines[:].set_visible(False)
        if image.size:
            show(small, image)
        found = value(frame, "activation", target=target, rank=str(rank))
        if not math.isnan(found):
            small.set_xlabel(f"{found:.3g}", fontsize=SMALL - 2, color=MUTED, labelpad=1)
