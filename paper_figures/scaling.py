"""Similarity of SNNs and ANNs over depth and over width: Fig. 2, A.1, A.4."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from matplotlib.figure import Figure, FigureBase
from pandas import DataFrame

from paper_figures.curves import LAYERS, SIMILARITY, named, overlaid, plate, trace
from paper_figures.heatmap import heatmap, scale
from paper_figures.select import Levels, at, curve, matrix
from paper_figures.style import ANN, canvas, parts, ramp

MAP = "ann-snn"


@dataclass(frozen=True)
class Scaling:
    """A family of networks; the first depth is that of all widths. `low` is where the width panel
    of the paper starts."""

    family: str
    depths: tuple[int, ...]
    widths: tuple[int, ...]
    low: float = 0.2

    def over_depth(self) -> Iterable[tuple[str, Levels]]:
        """Name and levels of each network of the first row."""
        return ((f"{self.family}-{d}", {"depth": d, "width": 1}) for d in self.depths)

    def over_width(self) -> Iterable[tuple[str, Levels]]:
        """Name and levels of each network of the second row."""
        first = self.depths[0]
        return (
            (f"{self.family}-{first}{f' ×{w}' if w > 1 else ''}", {"depth": first, "width": w})
            for w in self.widths
        )


def draw_scaling(frame: DataFrame, maps: DataFrame, study: Scaling) -> Figure:
    """Heatmaps by depth, heatmaps by width; below, their diagonals: by depth each in its own
    panel, by width in one."""
    columns = max(len(study.depths), len(study.widths))
    figure = canvas(1.0 + 2.05 * columns, 8.2)
    first, second, last = parts(figure, 3, 1, heights=[1.0, 1.0, 1.6])
    _heatmaps(first, maps, study.over_depth())
    _heatmaps(second, maps, study.over_width())
    left, right = parts(last, 1, 2)
    _stacked(left, frame, study)
    _together(right, frame, study)
    return figure


def _heatmaps(figure: FigureBase, maps: DataFrame, networks: Iterable[tuple[str, Levels]]) -> None:
    shown = list(networks)
    panels = figure.subplots(1, len(shown), squeeze=False)[0]
    for axes, (name, levels) in zip(panels, shown, strict=True):
        values = matrix(at(maps, levels | {"map": MAP}))
        heatmap(axes, values, x=f"Spiking {name}", y=f"Artificial {name}")
    scale(figure, panels)


def _stacked(figure: FigureBase, frame: DataFrame, study: Scaling) -> None:
    panels = figure.subplots(len(study.depths), 1, squeeze=False)[:, 0]
    middle = panels[len(panels) // 2]
    for axes, (name, levels) in zip(panels, study.over_depth(), strict=True):
        plate(axes, x=LAYERS if axes is panels[-1] else "", y=SIMILARITY if axes is middle else "")
        trace(axes, curve(frame, levels | {"map": MAP}), name, ANN, width=0.9)
        axes.set_yticks([0.0, 0.5, 1.0])
        named(axes, name)


def _together(figure: FigureBase, frame: DataFrame, study: Scaling) -> None:
    colours = ramp(len(study.widths))
    found = {
        name: (curve(frame, levels | {"map": MAP}), colour)
        for (name, levels), colour in zip(study.over_width(), colours, strict=True)
    }
    overlaid(figure.subplots(), found, study.low)
