"""Images that drive a unit, with the course of the search: lab Fig. 6 to 8."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase
from matplotlib.patches import Rectangle
from pandas import DataFrame

from paper_figures.pictures import picture, show, source, value, word
from paper_figures.select import Levels, at, matrix
from paper_figures.style import FIRST, INK, SMALL, not_measured, quiet, ramp
from paper_figures.words import stacked

Row = tuple[str, str, str]  # quantity, its words with room for the number, what is left out
CONVOLUTIONS = {f"features.{n}": f"conv{k}" for k, n in enumerate((0, 3, 6, 8, 10), 1)}
EDGES = ("top", "left", "bottom", "right")


def draw_unit(frame: DataFrame, maps: DataFrame, said: Sequence[Row]) -> Figure:
    """An image for each start with its numbers, what the unit sees outlined; then the curves."""
    starts = [str(n) for n in range(at(maps, {"map": "curves"})["y"].nunique())]

    def draw(figure: FigureBase, frame: DataFrame, maps: DataFrame, levels: Levels) -> None:
        source(figure, frame)
        widths = [1.0 for _ in starts] + [1.15]
        *panels, curves = figure.subplots(1, len(widths), width_ratios=widths, squeeze=False)[0]
        for start, axes in enumerate(panels):
            show(axes, picture(maps, str(start)), title=f"start {start + 1}")
            if axes.images:
                _outline(axes, frame)
            axes.set_xlabel(_numbers(frame, start, said), fontsize=SMALL - 1, color=INK)
        _curves(curves, at(maps, {"map": "curves"}), word(frame, "unit"))
        kernel = picture(maps, "kernel")
        if kernel.size:
            inset = curves.inset_axes((0.03, 0.68, 0.3, 0.3))
            show(inset, kernel)
            inset.set_xlabel("the kernel", fontsize=SMALL - 1, color=INK, labelpad=2)

    return stacked(frame, maps, (2.55 * (len(starts) + 1) + 0.4, 3.45), draw)


def _outline(axes: Axes, frame: DataFrame) -> None:
    """What the unit sees, and that with what the search may roll the image by."""
    seen = [value(frame, "seen", region=edge) for edge in EDGES]
    if any(map(math.isnan, seen)) or math.isnan(value(frame, "contrast_mean", region="outside")):
        return
    for margin, line in ((0.0, "-"), (value(frame, "margin"), "--")):
        top, left = seen[0] - margin - 0.5, seen[1] - margin - 0.5
        height, width = (seen[2] - seen[0] + 2 * margin, seen[3] - seen[1] + 2 * margin)
        outline = Rectangle((left, top), width, height, fill=False, edgecolor=FIRST,
                            linewidth=1.1, linestyle=line)  # fmt: skip
        axes.add_patch(outline)


def _numbers(frame: DataFrame, start: int, said: Sequence[Row]) -> str:
    lines = []
    for quantity, words, region in said:
        levels = {"start": str(start)} | ({"region": region} if region else {})
        found = value(frame, quantity, **levels)
        if not math.isnan(found):
            lines.append(words.format(found))
    return "\n".join(lines)


def _curves(axes: Axes, maps: DataFrame, unit: str) -> None:
    quiet(axes)
    layer, _, rest = unit.partition(", ")
    said = ", ".join(part for part in (CONVOLUTIONS.get(layer, layer), rest) if part)
    axes.set_title(f"activation of {said}" if said else "activation", fontsize=SMALL, color=INK)
    axes.set_xlabel("step of the search", fontsize=SMALL, color=INK)
    if maps.empty:
        not_measured(axes)
        return
    values = matrix(maps)
    for start, (row, colour) in enumerate(zip(values, ramp(len(values)), strict=True)):
        axes.plot(range(len(row)), row, color=colour, linewidth=1.3, label=f"start {start + 1}")
    axes.legend(fontsize=SMALL - 1, frameon=False, labelcolor=INK, loc="lower right")
