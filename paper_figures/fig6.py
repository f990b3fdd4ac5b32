"""Fig. 6: the similarity across times in the SNN ResNet-20 on CIFAR-10, for each block."""

from __future__ import annotations

from matplotlib.figure import Figure
from pandas import DataFrame

from paper_figures.timewise import Group, block_outputs, draw_timewise


def draw(frame: DataFrame, maps: DataFrame) -> Figure:
    """The outputs of all residual blocks; from top to bottom with 4, 8 and 32 time steps."""
    return draw_timewise(maps, (4, 8, 32), [Group(block_outputs(), columns=9)])
