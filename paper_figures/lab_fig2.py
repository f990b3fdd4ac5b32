"""Lab Fig. 2: activations of the second batch norm of the CNN."""

from __future__ import annotations

from matplotlib.figure import Figure
from pandas import DataFrame

from paper_figures.activations import draw_activations


def draw(frame: DataFrame, maps: DataFrame) -> Figure:
    """One image as the CNN sees it."""
    return draw_activations(frame, maps, "relu")
