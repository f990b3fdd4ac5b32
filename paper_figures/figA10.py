"""Fig. A.10: similarity of ANNs and SNNs over depth and width, ResNets on CIFAR10-DVS."""

from __future__ import annotations

from matplotlib.figure import Figure
from pandas import DataFrame

from paper_figures.scaling import Scaling, draw_scaling

STUDY = Scaling("ResNet", depths=(20, 38, 56, 110), widths=(1, 2, 4, 8))


def draw(frame: DataFrame, maps: DataFrame) -> Figure:
    """Heatmaps by depth and by width, then their diagonals."""
    return draw_scaling(frame, maps, STUDY)
