"""Self-similarity of SNNs with one stage that has no shortcuts: Fig. 4, A.6."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import FigureBase
from matplotlib.patches import Rectangle
from pandas import DataFrame

from paper_figures.curves import LAYERS
from paper_figures.heatmap import heatmap, scale
from paper_figures.select import at, matrix, names

MAP = "snn-snn"
GREEN = "#2CA02C"
NETWORKS: Mapping[str, tuple[str, str]] = {
    "full": ("Spiking Res56 Full Residual", ""),
    "none-in-1": ("Spiking Res56 Partial Residual (1)", "s1"),
    "none-in-2": ("Spiking Res56 Partial Residual (2)", "s2"),
    "none-in-3": ("Spiking Res56 Partial Residual (3)", "s3"),
}
"""Level of `residual` → title, and the stage without shortcuts."""


def self_similarity(figure: FigureBase, maps: DataFrame) -> None:
    """A heatmap for each network; a green square around the stage without shortcuts."""
    panels = figure.subplots(1, len(NETWORKS))
    for axes, (residual, (title, stage)) in zip(panels, NETWORKS.items(), strict=True):
        here = at(maps, {"residual": residual, "map": MAP})
        y = LAYERS if axes is panels[0] else ""
        heatmap(axes, matrix(here), title=title, x=LAYERS, y=y)
        if stage and axes.images:
            _outline(axes, names(here, "x"), stage)
    scale(figure, panels)


def _outline(axes: Axes, layers: list[str], stage: str) -> None:
    inside = [place for place, name in enumerate(layers) if name.startswith(f"{stage}.")]
    if inside:
        low, side = inside[0] - 0.5, inside[-1] - inside[0] + 1
        square = Rectangle((low, low), side, side, fill=False, edgecolor=GREEN, linewidth=1.6)
        axes.add_patch(square)
