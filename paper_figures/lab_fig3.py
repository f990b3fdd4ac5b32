"""Lab Fig. 3: activations of the second batch norm of the SNN."""

from __future__ import annotations

from matplotlib.figure import Figure
from pandas import DataFrame

from paper_figures.activations import draw_activations


def draw(frame: DataFrame, maps: DataFrame) -> Figure:
    """The same image as the SNN sees it, with the sparsity of both."""
    return draw_activations(frame, maps, "lif")
