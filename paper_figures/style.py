"""The look that all figures share, set on each axes so that no global state is touched."""

from __future__ import annotations

from typing import Literal

from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.figure import Figure, FigureBase, SubFigure
from matplotlib.patches import FancyArrowPatch

# Okabe & Ito (2008): told apart with every common colour vision, and in grey by lightness.
ANN = "#0072B2"
SNN = "#D55E00"
GAP = "#4D4D4D"
FIRST = "#009E73"
LAST = "#56B4E9"
INK = "#222222"
MUTED = "#6B6B6B"
RULE = "#D9D9D9"
EMPTY = "#F1F1F1"
Corner = Literal["best", "center right", "lower left", "lower right", "upper left", "upper right"]
Point = tuple[float, float]
SMALL = 8.0  # points
NORMAL = 9.0

FINE = 160  # dots per inch at which a vector file holds its heatmaps
RAMP = ("#FCA50A", "#E65D2F", "#BC3754", "#85216B", "#4A0C6B", "#0D0887")
"""Six ordered colours, light to dark, for as many levels of one thing."""


def canvas(width: float, height: float) -> Figure:
    """An empty figure, inches, that lays itself out."""
    return Figure(figsize=(width, height), dpi=FINE, layout="constrained")


def parts(
    figure: FigureBase,
    rows: int,
    columns: int,
    *,
    heights: list[float] | None = None,
    widths: list[float] | None = None,
) -> list[SubFigure]:
    """The figure cut into parts that are laid out each by itself, row by row."""
    cut = figure.subfigures(
        rows, columns, squeeze=False, height_ratios=heights, width_ratios=widths
    )
    return list(cut.flat)


def nothing_measured() -> Figure:
    """What is drawn of an exhibit without numbers."""
    figure = canvas(3.0, 1.2)
    axes = figure.subplots()
    axes.set_axis_off()
    not_measured(axes)
    return figure


def not_measured(axes: Axes, size: float = SMALL - 1) -> None:
    """A panel that has no numbers says so."""
    axes.text(
        0.5,
        0.5,
        "not measured",
        fontsize=size,
        color=MUTED,
        ha="center",
        va="center",
        transform=axes.transAxes,
    )
    axes.set_xticks([])


def arrow(
    axes: Axes, start: Point, end: Point, colour: str = MUTED, head: float = 8, width: float = 0.9
) -> None:
    """A thin arrow between two places of a drawing."""
    axes.add_patch(
        FancyArrowPatch(
            start, end, arrowstyle="-|>", mutation_scale=head, color=colour, linewidth=width,
            shrinkA=0, shrinkB=0,
        )
    )  # fmt: skip


def quiet(axes: Axes) -> None:
    """Two spines, light horizontal rules, small ticks."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(MUTED)
    axes.tick_params(colors=MUTED, labelsize=SMALL, length=3, width=0.6)
    axes.grid(axis="y", color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)


def ramp(count: int) -> tuple[str, ...]:
    """So many colours of the ramp, spread over all of it."""
    if count == 1:
        return (RAMP[-2],)
    if count <= len(RAMP):
        return tuple(RAMP[round(n * (len(RAMP) - 1) / (count - 1))] for n in range(count))
    between = LinearSegmentedColormap.from_list("ramp", RAMP)
    return tuple(to_hex(between(n / (count - 1))) for n in range(count))
