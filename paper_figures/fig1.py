"""Fig. 1: the workflow of the analysis, with the images, Gram matrices and result of a real run."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase
from matplotlib.patches import FancyBboxPatch
from pandas import DataFrame

from paper_figures.heatmap import COLOURS
from paper_figures.pictures import picture
from paper_figures.select import Levels, Matrix, at, levels_of, matrix
from paper_figures.style import ANN, INK, MUTED, NORMAL, SMALL, SNN, arrow
from paper_figures.words import kind, stacked

WIDTH, HEIGHT = 10.4, 3.5  # inches; the whole drawing is laid out in them
PREFIX = "gram-"  # of a map's name, before the neuron of its network
SHOWN = 4  # images
ROWS = (0.72, 2.45)  # middles of the networks: below the one that is across in a heatmap
ACTIVATIONS = {"relu": "ReLU", "lif": "LIF"}
FEATURES = (2.75, 4.45, 6.15)  # left edges of the features
BOX = (0.78, 0.62)
GRAM = ((7.62, 0.22), (7.62, 1.95))
LETTERS = ("K = X$_s$X$_s^⊤$", "L = X$_a$X$_a^⊤$")
SIDE = 1.15
TIMES = 3  # sheets that stand for T time steps


def draw(frame: DataFrame, maps: DataFrame) -> Figure:
    """Test images → both networks, feature by feature → a Gram matrix of each → their CKA."""
    return stacked(frame, maps, (WIDTH, HEIGHT), _draw, layout=None)


def _draw(figure: FigureBase, frame: DataFrame, maps: DataFrame, levels: Levels) -> None:
    page = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    page.set(xlim=(0, WIDTH), ylim=(0, HEIGHT))
    page.set_axis_off()
    _images(figure, page, maps)
    grams = [str(name) for name in levels_of(maps, "map") if str(name).startswith(PREFIX)]
    for row, name in enumerate(grams):
        _network(page, row, name.removeprefix(PREFIX))
        _gram(figure, page, matrix(at(maps, {"map": name})), row)
    _result(page, frame[frame["quantity"] == "cka"])


def _images(figure: FigureBase, page: Axes, maps: DataFrame) -> None:
    side = 0.72
    pictures = [picture(maps, str(number)) for number in range(SHOWN)]
    for number, values in enumerate(one for one in pictures if one.size):
        left = 0.3 + (number % 2) * (side + 0.08)
        bottom = 1.0 + (1 - number // 2) * (side + 0.08)
        axes = _inset(figure, left, bottom, side)
        axes.imshow(values, interpolation="nearest")
        axes.set(xticks=[], yticks=[])
    page.text(1.06, 2.72, "Test images", fontsize=NORMAL, color=INK, ha="center")
    page.text(1.06, 0.78, "batch size m", fontsize=SMALL, color=MUTED, ha="center")
    for middle in ROWS:
        arrow(page, (1.95, 1.76), (FEATURES[0] - 0.08, middle + 0.1))


def _network(page: Axes, row: int, neuron: str) -> None:
    middle, activation = ROWS[row], ACTIVATIONS.get(neuron, neuron)
    name = f"{kind({'neuron': neuron})} Neural Network"
    colour, sheets = (ANN, 1) if neuron == "relu" else (SNN, TIMES)
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
            arrow(page, (left + BOX[0] + after, middle), (FEATURES[number + 1] - 0.04, middle))
            page.text(gap + 0.05, middle + 0.06, activation, fontsize=SMALL - 1, color=colour,
                      ha="center", va="bottom")  # fmt: skip
    page.text(FEATURES[0], middle + 0.62, name, fontsize=NORMAL, color=colour, weight="bold")
    arrow(page, (FEATURES[-1] + BOX[0] + after, middle), (GRAM[row][0] - 0.06, middle))


def _gram(figure: FigureBase, page: Axes, values: Matrix, row: int) -> None:
    left, bottom = GRAM[row]
    axes = _inset(figure, left, bottom, SIDE)
    axes.imshow(values, cmap=COLOURS, origin="lower", interpolation="antialiased")
    axes.set(xticks=[], yticks=[])
    page.text(left + SIDE / 2, bottom + SIDE + 0.05, LETTERS[row], fontsize=SMALL, color=INK,
              ha="center")  # fmt: skip
    page.text(left + SIDE / 2, bottom - 0.13, "m × m", fontsize=SMALL - 1, color=MUTED, ha="center")


def _result(page: Axes, cells: DataFrame) -> None:
    found = cells["value"].dropna()
    said = f"{found.iloc[0]:.3f}" if len(found) else "undefined"
    corner, width, height = (9.35, 1.42), 0.95, 0.66
    for (left, bottom), share in zip(GRAM, (0.28, 0.72), strict=True):
        aim = corner[1] + height * share
        arrow(page, (left + SIDE + 0.04, bottom + SIDE / 2), (corner[0] - 0.04, aim))
    page.add_patch(_box(corner, width, height, INK))
    middle = corner[0] + width / 2
    page.text(middle, corner[1] + 0.43, "CKA(K, L)", fontsize=SMALL, color=INK, ha="center")
    page.text(middle, corner[1] + 0.13, said, fontsize=NORMAL, color=INK, ha="center",
              weight="bold")  # fmt: skip


def _inset(figure: FigureBase, left: float, bottom: float, side: float) -> Axes:
    return figure.add_axes((left / WIDTH, bottom / HEIGHT, side / WIDTH, side / HEIGHT))


def _box(corner: tuple[float, float], width: float, height: float, colour: str) -> FancyBboxPatch:
    rounded = "round,pad=0,rounding_size=0.06"
    return FancyBboxPatch(
        corner, width, height, rounded, facecolor="white", edgecolor=colour, linewidth=1.2
    )
