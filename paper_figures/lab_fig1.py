"""Lab Fig. 1: error of the linear maps between the second batch norms of CNN and SNN."""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase
from pandas import DataFrame

from paper_figures.pictures import value
from paper_figures.select import Levels, at, matrix, names
from paper_figures.style import (
    ANN,
    GAP,
    INK,
    MUTED,
    SMALL,
    SNN,
    quiet,
)
from paper_figures.words import stacked

DIRECTIONS = {"cnn-to-snn": ("CNN → SNN", ANN), "snn-to-cnn": ("SNN → CNN", SNN)}
BARS = (("ridge", "train"), ("ridge", "held-out"), ("descent", "train"), ("descent", "held-out"))
WORDS = {"ridge": "closed\nform", "descent": "mini-\nbatch"}
WIDTH = 0.19
TITLES = {"mse": "MSE, and variance of the targets", "r2": "R²"}


def draw(frame: DataFrame, maps: DataFrame) -> Figure:
    """The loss over the epochs of the minibatch fit; error beside variance; R² and CKA."""
    return stacked(frame, maps, (9.6, 3.7), _draw)


def _draw(figure: FigureBase, frame: DataFrame, maps: DataFrame, levels: Levels) -> None:
    losses, found = (
        at(maps, {"map": "losses"}),
        value(frame, "diagonal", map="ann-snn", layer="bn2"),
    )
    there = [name for name in TITLES if (frame["quantity"] == name).any()]
    widths = [1.0] * bool(len(losses)) + [1.25] * len(there)
    panels = (
        list(figure.subplots(1, len(widths), width_ratios=widths, squeeze=False)[0])
        if widths
        else []
    )
    if len(losses):
        _losses(panels.pop(0), losses)
    for axes, quantity in zip(panels, there, strict=True):
        _bars(axes, frame, quantity)
        axes.set_title(TITLES[quantity], fontsize=SMALL, color=INK)
    if not math.isnan(found):
        figure.suptitle(f"CKA of the two layers: {found:.3f}", fontsize=SMALL, color=INK)


def _losses(axes: Axes, maps: DataFrame) -> None:
    quiet(axes)
    axes.set_title("MSE loss of the minibatch fit", fontsize=SMALL, color=INK)
    axes.set_xlabel("epoch", fontsize=SMALL, color=INK)
    for row, name in zip(matrix(maps), names(maps, "y"), strict=True):
        said, colour = DIRECTIONS[name]
        epochs = range(1, len(row) + 1)
        axes.plot(epochs, row, color=colour, linewidth=1.6, label=f"{said}: {row[-1]:.3g}")
        axes.plot(len(row), row[-1], "o", color=colour, markersize=3.5)
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=SMALL, frameon=False, labelcolor=INK, loc="upper right")


def _bars(axes: Axes, frame: DataFrame, quantity: str) -> None:
    """Four bars for each direction: both fits, on the images fitted to (pale) and on others."""
    quiet(axes)
    ticks: list[float] = []
    labels: list[str] = []
    for group, (name, (said, colour)) in enumerate(DIRECTIONS.items()):
        for place, (fit, split) in enumerate(BARS):
            left = group + (place - 1.5) * WIDTH * 1.12 + (0.03 if place > 1 else -0.03)
            here = {"fit": fit, "direction": name, "split": split}
            height = value(frame, quantity, **here)
            if math.isnan(height):
                continue
            alpha = 0.35 if split == "train" else 1.0
            axes.bar(left, height, WIDTH, color=colour, alpha=alpha)
            _number(axes, left, f"{height:.3f}" if quantity == "mse" else f"{height:.2f}", height)
            if quantity == "mse":
                spread = value(frame, "variance", **here)
                axes.hlines(spread, left - WIDTH / 2, left + WIDTH / 2, color=GAP, linewidth=1.2)
        for fit, shift in (("ridge", -1.0), ("descent", 1.0)):
            ticks.append(group + shift * WIDTH * 1.2)
            labels.append(WORDS[fit])
        axes.text(group, -0.19, said, fontsize=SMALL, color=colour, weight="bold", ha="center",
                  transform=axes.get_xaxis_transform())  # fmt: skip
    axes.set_xticks(ticks, labels, fontsize=SMALL - 1, color=INK)
    axes.axhline(0, color=MUTED, linewidth=0.6)
    axes.margins(y=0.12)
    if quantity == "mse":
        axes.bar(0, 0, color=MUTED, alpha=0.35, label="images fitted to")
        axes.bar(0, 0, color=MUTED, label="held-out images")
        axes.plot([], [], color=GAP, linewidth=1.2, label="variance of the targets")
        axes.legend(fontsize=SMALL - 1, frameon=False, labelcolor=INK, ncols=3, loc="upper center",
                    bbox_to_anchor=(0.5, -0.22), columnspacing=0.8, handlelength=1.2)  # fmt: skip


def _number(axes: Axes, x: float, said: str, height: float) -> None:
    above = height >= 0
    axes.annotate(
        said,
        (x, height),
        xytext=(0, 2 if above else -2),
        textcoords="offset points",
        fontsize=SMALL - 2,
        color=INK,
        ha="center",
        va="bottom" if above else "top",
    )
