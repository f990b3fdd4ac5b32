"""Lines of a quantity over the levels of an axis, with error bars where there are seeds."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator
from pandas import DataFrame

from paper_figures.select import Levels, at, axes_of, levels_of, points, through
from paper_figures.style import INK, NORMAL, SMALL, Corner, quiet
from paper_figures.words import Look, looks, word

TITLES = {"depth": "Depth", "width": "Width", "time_steps": "Time steps"}
LOGARITHMIC = ("width", "time_steps")


def title(along: str, held: Levels) -> str:
    """`Depth (width ×1, T = 4)`."""
    said = [f"width {word(axis, n)}" if axis == "width" else word(axis, n)
            for axis, n in held.items()]  # fmt: skip
    return TITLES[along] + (f" ({', '.join(said)})" if said else "")


def ways(frame: DataFrame) -> list[tuple[str, str, DataFrame]]:
    """What can be drawn over: each axis of numbers that has several levels (of a single point, the
    first one), its heading, and the rows over it.
    """
    known = [axis for axis in TITLES if levels_of(frame, axis)]
    several = [axis for axis in known if len(levels_of(through(frame, axis, known)[0], axis)) > 1]
    found = []
    for along in several or known[:1]:
        there, held = through(frame, along, known)
        found.append((along, title(along, held), there))
    return found


def panel(axes: Axes, heading: str, along: str, levels: Sequence[int]) -> None:
    """An empty panel with a tick at each level; a width is written as a factor."""
    quiet(axes)
    axes.set_title(heading, fontsize=NORMAL, color=INK, loc="left")
    if along in LOGARITHMIC:
        axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(FixedLocator(list(levels)))
    axes.xaxis.set_minor_locator(NullLocator())
    said = [f"×{level}" if along == "width" else str(level) for level in levels]
    axes.set_xticks(list(levels), said)
    axes.margins(x=0.06)


def lines(axes: Axes, frame: DataFrame, along: str, levels: Sequence[int]) -> None:
    """A line for each combination of the other axes; what has no level of this one, as an ANN has
    no time steps, is a line across.
    """
    others = [axis for axis in axes_of(frame) if axis != along]
    among = points(frame, others)
    for place, look in zip(among, looks(among), strict=True):
        here = _exactly(frame, place, others)
        label = look.label
        if here[along].notna().any():
            line(axes, here[here[along].notna()], along, levels, look)
            label = "_"  # a second one is not named
        for value in here.loc[here[along].isna(), "value"].dropna():
            axes.axhline(value, color=look.colour, linestyle="-", linewidth=1.2, label=label)


def line(axes: Axes, frame: DataFrame, along: str, levels: Sequence[int], look: Look) -> None:
    """One series at every level: what was not measured is a hole, not a bridge."""
    there = frame.set_index(along).reindex(list(levels)).rename_axis(along).reset_index()
    axes.errorbar(
        there[along].to_numpy(dtype=float),
        there["value"].to_numpy(dtype=float),
        yerr=there["std"].fillna(0).to_numpy(dtype=float) if (there["n"] > 1).any() else None,
        label=look.label,
        color=look.colour,
        marker=look.marker,
        linestyle=look.dashes,
        linewidth=1.6,
        markersize=4.5,
        capsize=2.5,
        elinewidth=0.9,
    )


def legend(axes: Axes, place: Corner = "best") -> None:
    """The names of the series, without a frame."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=SMALL, labelcolor=INK, loc=place)


def ascending(frame: DataFrame, along: str) -> list[int]:
    """The levels that occur, from the least on."""
    return sorted(map(int, levels_of(frame, along)))


def _exactly(frame: DataFrame, place: Levels, axes: Sequence[str]) -> DataFrame:
    """The rows at these levels, and without one of every other axis."""
    for axis in (name for name in axes if name in frame.columns and name not in place):
        frame = frame[frame[axis].isna().to_numpy()]
    return at(frame, place)
