"""Similarity between the time steps of single layers: Fig. 6, A.3, A.8, A.12."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase
from pandas import DataFrame

from paper_figures.heatmap import heatmap, scale
from paper_figures.select import at, matrix
from paper_figures.style import INK, MUTED, SMALL, canvas, parts

PANEL = 0.86  # inches


@dataclass(frozen=True)
class Group:
    """Layers that are drawn together, in rows of `columns` panels."""

    layers: tuple[str, ...]
    columns: int


def draw_timewise(maps: DataFrame, time_steps: Sequence[int], groups: Sequence[Group]) -> Figure:
    """A band of panels for each number of time steps and group, one panel for each layer; the axes
    of a panel are time steps."""
    bands = [(steps, group) for group in groups for steps in time_steps]
    rows = [-(-len(group.layers) // group.columns) for _, group in bands]
    widest = max(group.columns for _, group in bands)
    figure = canvas(PANEL * widest + 1.2, sum(PANEL * 1.22 * n + 0.12 for n in rows))
    cut = parts(figure, len(bands), 1, heights=[float(count) for count in rows])
    for part, count, (steps, group) in zip(cut, rows, bands, strict=True):
        _band(part, count, at(maps, {"time_steps": steps}), steps, group)
    return figure


def _band(figure: FigureBase, rows: int, maps: DataFrame, steps: int, group: Group) -> None:
    panels = figure.subplots(rows, group.columns, squeeze=False)
    spare = panels.flat[len(group.layers) :]
    for axes, layer in zip(panels.flat, group.layers, strict=False):
        heatmap(axes, matrix(at(maps, {"map": layer})), title=layer)
        axes.title.set_fontsize(SMALL - 1.5)
        if axes.images:
            _outer_ticks(axes, steps, is_first=axes in panels[:, 0])
    for axes in spare:
        axes.set_axis_off()
    figure.supylabel(f"T = {steps}", fontsize=SMALL, color=INK)
    scale(figure, panels.flat, shrink=0.74, aspect=8 * rows)


def _outer_ticks(axes: Axes, steps: int, *, is_first: bool) -> None:
    """The first and the last step; on the left of a row only."""
    axes.set_xticks([0, steps - 1])
    axes.set_yticks([0, steps - 1] if is_first else [])
    axes.tick_params(colors=MUTED, labelsize=SMALL - 2.5)


def block_outputs() -> tuple[str, ...]:
    """The outputs of the nine blocks of a ResNet-20."""
    return tuple(f"s{stage}.b{block}" for stage in (1, 2, 3) for block in range(3))


def convolutions() -> tuple[str, ...]:
    """Every convolution of a ResNet-20, shortcuts' in their place, and the classifier."""
    found = ["conv1"]
    for name in block_outputs():
        found += [f"{name}.conv1", f"{name}.conv2"]
        found += [f"{name}.ds.1"] if name in ("s2.b0", "s3.b0") else []
    return (*found, "fc")


def activations() -> tuple[str, ...]:
    """Both activations of each block of a ResNet-20."""
    return tuple(f"{name}.relu{n}" for name in block_outputs() for n in (1, 2))
