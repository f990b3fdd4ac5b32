"""The jagged similarity curve of a deep ResNet, block by block: Fig. 3, A.5."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import ConnectionPatch
from matplotlib.ticker import MaxNLocator
from pandas import DataFrame

from paper_figures.curves import SIMILARITY, named, plate, trace
from paper_figures.style import ANN, FIRST, INK, LAST, SMALL, SNN, Corner

GREY = "#C4C4C4"
MAP = {"map": "ann-snn"}
BELOW = -0.13  # of the height of a panel: under its tick labels


@dataclass(frozen=True)
class Place:
    """A kind of layer inside a block: how its name ends, and its mark."""

    label: str
    ends: tuple[str, ...]
    colour: str
    marker: str


PLACES = (
    Place("Res. Block", (), SNN, "o"),
    Place("LIF/ReLU", ("relu1", "relu2"), ANN, "^"),
    Place("Conv", ("conv1", "conv2"), FIRST, "s"),
    Place("(td)BN", ("bn1", "bn2"), LAST, "D"),
)


@dataclass(frozen=True)
class Zoom:
    """A block to be enlarged: what the paper calls it, and its name."""

    title: str
    block: str


ZOOMS = (Zoom("10-th Residual Block", "s1.b9"), Zoom("34-th Residual Block", "s2.b15"))


def zooms(curve: DataFrame) -> list[Zoom]:
    """Those of the blocks that the network has."""
    return [zoom for zoom in ZOOMS if len(of_block(curve, zoom.block))]


def whole(axes: Axes, curve: DataFrame, name: str) -> None:
    """The curve over all layers, with the enlarged blocks shaded."""
    plate(axes)
    trace(axes, curve, name, ANN, width=0.8)
    named(axes, name)
    for zoom in zooms(curve):
        inside = of_block(curve, zoom.block)
        axes.axvspan(inside["at"].min() - 0.5, inside["at"].max() + 0.5, color=GREY, lw=0)


def enlarged(axes: Axes, curve: DataFrame, zoom: Zoom) -> None:
    """The layers of one block, from the output of the block before it, each with its mark."""
    plate(axes, x="", y=SIMILARITY if zoom is ZOOMS[0] else "")
    axes.set_title(zoom.title, fontsize=SMALL, color=INK)
    inside = of_block(curve, zoom.block)
    with_input = curve[curve["at"].between(inside["at"].min() - 1, inside["at"].max())]
    trace(axes, with_input, "", GREY, width=1.0)
    for row in with_input.to_dict("records"):
        kind = place_of(str(row["layer"]))
        axes.plot([row["at"]], [row["value"]], color=kind.colour, marker=kind.marker, markersize=5)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.margins(x=0.08)


def connect(small: Axes, large: Axes, curve: DataFrame, zoom: Zoom) -> None:
    """Lines from the shaded block of the whole curve up to its enlargement."""
    inside = of_block(curve, zoom.block)
    for corner, at in ((0.0, inside["at"].min() - 0.5), (1.0, inside["at"].max() + 0.5)):
        line = ConnectionPatch(
            (corner, BELOW), (float(at), 1.0), "axes fraction", large.get_xaxis_transform(),
            axesA=small, axesB=large, color=GREY, linewidth=0.7,
        )  # fmt: skip
        line.set_in_layout(False)
        small.figure.add_artist(line)


def key(axes: Axes, place: Corner = "lower left") -> None:
    """The marks of the kinds of layers."""
    marks = [
        Line2D([], [], color=kind.colour, marker=kind.marker, linestyle="", label=kind.label)
        for kind in PLACES
    ]
    axes.legend(
        handles=marks, frameon=False, fontsize=SMALL - 1, labelcolor=INK, loc=place,
        handletextpad=0.2, labelspacing=0.3, markerscale=0.8,
    )  # fmt: skip


def of_block(curve: DataFrame, block: str) -> DataFrame:
    """The layers of a block and its output, shortcuts apart."""
    names = curve["layer"].astype(str)
    inside = (names == block) | (names.str.startswith(f"{block}.") & ~names.str.contains(".ds."))
    return curve[inside]


def place_of(layer: str) -> Place:
    """The kind of a layer; whatever is none of the others is a block's output."""
    last = layer.rpartition(".")[2]
    return next((kind for kind in PLACES if last in kind.ends), PLACES[0])
