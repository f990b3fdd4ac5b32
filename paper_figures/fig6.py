"""Fig. 6: the similarity across times in the SNN ResNet-20 on CIFAR-10, for each block."""

from __future__ import annotations

from matplotlib.figure import Figure
from pandas import DataFrame

from paper_figures.timewise import BLOCKS, draw_timewise


def draw(frame: DataFrame, maps: DataFrame) -> Figure:
    """The outputs of all residual blocks, a band for each number of time steps."""
    return draw_timewise(maps, BLOCKS)
