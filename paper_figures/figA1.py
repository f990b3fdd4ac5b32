"""Fig. A.1: similarity of ANNs and SNNs over depth and width, VGGs on CIFAR-10."""

from __future__ import annotations

from matplotlib.figure import Figure
from pandas import DataFrame

from paper_figures.scaling import Scaling, draw_scaling

STUDY = Scaling("VGG", depths=(13, 19, 25, 31, 43), widths=(1, 2, 4, 8, 10))


def draw(frame: DataFrame, maps: DataFrame) -> Figure:
    """Heatmaps by depth and by width, then their diagonals."""
    return draw_scaling(frame, maps, STUDY)
