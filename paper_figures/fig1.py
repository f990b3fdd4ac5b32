"""Fig. 1: the workflow of the analysis, with the images, Gram matrices and result of a real run."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from pandas import DataFrame

from paper_figures.heatmap import COLOURS
from paper_figures.select import Matrix, at, matrix
from paper_figures.style import ANN, EMPTY, FINE, INK, MUTED, NORMAL, SMALL, SNN, not_measured

WIDTH, HEIGHT = 10.4, 3.5  # inches; the whole drawing is laid out in them
SHOWN = 4  # images
ROWS = {"ann": (2.45, ANN, "Artificial Neural Network", "ReLU"),
        "snn": (0.72, SNN, "Spiking Neural Network", "LIF")}  # fmt: skip
FEATURES = (2.75, 4.45, 6.15)  # left edges of the features
BOX = (0.78, 0.62)
GRAM = {"ann": (7.62, 1.95), "snn": (7.62, 0.22)}
SIDE = 1.15
TIMES = 3  # sheets that stand for T time steps


def draw(frame: DataFrame, maps: DataFrame) -> Figure:
    """Test images → both networks, feature by feature → a Gram matrix of each → their CKA."""
    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=FINE)
    page = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    page.set(xlim=(0, WIDTH), ylim=(0, HEIGHT))
    page.set_axis_off()
    _images(figure, page, maps)
    for kind in ROWS:
        _network(page, kind)
        _gram(figure, page, matrix(at(maps, {"map": f"gram-{kind}"})), kind)
    _result(page, frame[frame["quantity"] == "cka"])
    return figure


def _images(figure: Figure, page: Axes, maps: DataFrame) -> None:
    side = 0.72
    for number in range(SHOWN):
        left = 0.3 + (number % 2) * (side + 0.08)
        bottom = 1.0 + (1 - number // 2) * (side + 0.08)
        axes = _inset(figure, left, bottom, side)
        channels = [matrix(at(maps, {"map": f"image-{number}-{name}"})) for name in "rgb"]
        if all(channel.size for channel in channels):
            axes.imshow(np.stack(channels, axis=-1), interpolation="nearest")
        else:
            _missing(axes)
        axes.set(xticks=[], yticks=[])
    page.text(1.06, 2.72, "Test images", fontsize=NORMAL, color=INK, ha="center")
    page.text(1.06, 0.78, "batch size m", fontsize=SMALL, color=MUTED, ha="center")
    for middle, *_ in ROWS.values():
        _arrow(page, (1.95, 1.76), (FEATURES[0] - 0.08, middle + 0.1))


def _network(page: Axes, kind: str) -> None:
    middle, colour, name, activation = ROWS[kind]
    sheets = TIMES if kind == "snn" else 1
    after = 0.2 if sheets > 1 else 0.04
    for number, left in enumerate(FEATURES):
        for sheet in reversed(range(sheets)):
            shift = 0.08 * sheet
            corner = (left + shift, middle - BOX[1] / 2 + shift)
            page.add_patch(_box(corner, *BOX, colour))
        words = f"Preact\nFeature {number + 1}"
        page.text(left + BOX[0] / 2, middle, words, fontsize=SMALL - 1, color=INK,
                  ha="center", va="center")  # fmt: skip
        if sheets > 1:
            place = (left + BOX[0] + 0.2, middle + BOX[1] / 2 + 0.12)
            page.text(*place, "T", fontsize=SMALL, color=colour, style="italic")
        if number + 1 < len(FEATURES):
            gap = (left + BOX[0] + FEATURES[number + 1]) / 2
            _arrow(page, (left + BOX[0] + after, middle), (FEATURES[number + 1] - 0.04, middle))
            page.text(gap + 0.05, middle + 0.06, activation, fontsize=SMALL - 1, color=colour,
                      ha="center", va="bottom")  # fmt: skip
    page.text(FEATURES[0], middle + 0.62, name, fontsize=NORMAL, color=colour, weight="bold")
    _arrow(page, (FEATURES[-1] + BOX[0] + after, middle), (GRAM[kind][0] - 0.06, middle))


def _gram(figure: Figure, page: Axes, values: Matrix, kind: str) -> None:
    left, bottom = GRAM[kind]
    axes = _inset(figure, left, bottom, SIDE)
    if values.size:
        axes.imshow(values, cmap=COLOURS, origin="lower", interpolation="antialiased")
    else:
        _missing(axes)
    axes.set(xticks=[], yticks=[])
    letter = {"ann": "L = X$_a$X$_a^⊤$", "snn": "K = X$_s$X$_s^⊤$"}[kind]
    page.text(left + SIDE / 2, bottom + SIDE + 0.05, letter, fontsize=SMALL, color=INK, ha="center")
    page.text(left + SIDE / 2, bottom - 0.13, "m × m", fontsize=SMALL - 1, color=MUTED, ha="center")


def _result(page: Axes, cells: DataFrame) -> None:
    found = cells["value"].dropna()
    said = f"{found.iloc[0]:.3f}" if len(found) else "not measured"
    corner, width, height = (9.35, 1.42), 0.95, 0.66
    for kind, (left, bottom) in GRAM.items():
        aim = corner[1] + height * (0.72 if kind == "ann" else 0.28)
        _arrow(page, (left + SIDE + 0.04, bottom + SIDE / 2), (corner[0] - 0.04, aim))
    page.add_patch(_box(corner, width, height, INK))
    middle = corner[0] + width / 2
    page.text(middle, corner[1] + 0.43, "CKA(K, L)", fontsize=SMALL, color=INK, ha="center")
    page.text(middle, corner[1] + 0.13, said, fontsize=NORMAL, color=INK, ha="center",
              weight="bold")  # fmt: skip


def _missing(axes: Axes) -> None:
    axes.set_facecolor(EMPTY)
    not_measured(axes, SMALL - 3)


def _inset(figure: Figure, left: float, bottom: float, side: float) -> Axes:
    return figure.add_axes((left / WIDTH, bottom / HEIGHT, side / WIDTH, side / HEIGHT))


def _box(corner: tuple[float, float], width: float, height: float, colour: str) -> FancyBboxPatch:
    rounded = "round,pad=0,rounding_size=0.06"
    return FancyBboxPatch(
        corner, width, height, rounded, facecolor="white", edgecolor=colour, linewidth=1.2
    )


def _arrow(page: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    arrow = FancyArrowPatch(
        start,
        end,
        arrowstyle="-|>",
        mutation_scale=8,
        color=MUTED,
        linewidth=0.9,
        shrinkA=0,
        shrinkB=0,
    )
    page.add_patch(arrow)
