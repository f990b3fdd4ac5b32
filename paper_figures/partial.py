"""Self-similarity of SNNs with stages that have no shortcuts: Fig. 4, A.6."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import FigureBase
from matplotlib.patches import Rectangle
from pandas import DataFrame

from paper_figures.curves import LAYERS
from paper_figures.heatmap import heatmap, scale
from paper_figures.select import Levels, at, matrix, names, points
from paper_figures.words import kind, network

MAP = {"map": "snn-snn"}
GREEN = "#2CA02C"
WITHOUT = "stages_without_shortcut"
ALL = "stage-1-2-3"


def self_similarity(figure: FigureBase, maps: DataFrame) -> None:
    """A heatmap for each network; a green square around each stage without shortcuts."""
    shown = points(maps)
    panels = figure.subplots(1, len(shown), squeeze=False)[0]
    for axes, levels in zip(panels, shown, strict=True):
        here = at(maps, levels | MAP)
        y = LAYERS if axes is panels[0] else ""
        heatmap(axes, matrix(here), title=_title(levels), x=LAYERS, y=y)
        for stage in _without(levels):
            _outline(axes, names(here, "x"), f"s{stage}")
    scale(figure, panels)


def _title(levels: Levels) -> str:
    stages = _without(levels)
    said = f"Partial Residual ({', '.join(stages)})" if stages else "Full Residual"
    said = "No Residual" if levels.get(WITHOUT) == ALL else said
    return f"{kind(levels)} {network(levels).replace('Net-', '')} {said}"


def _without(levels: Levels) -> list[str]:
    """Some of the stages: where all of them have none, nothing is to be told apart."""
    level = str(levels.get(WITHOUT, ""))
    _, found, stages = level.partition("stage-")
    return stages.split("-") if found and level != ALL else []


def _outline(axes: Axes, layers: list[str], stage: str) -> None:
    inside = [place for place, name in enumerate(layers) if name.startswith(f"{stage}.")]
    if inside:
        low, side = inside[0] - 0.5, inside[-1] - inside[0] + 1
        square = Rectangle((low, low), side, side, fill=False, edgecolor=GREEN, linewidth=1.6)
        axes.add_patch(square)
