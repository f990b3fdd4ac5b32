"""Fig. A.3: the similarity across times in the spiking VGG-13 on CIFAR-10, for each convolution.

The caption says ResNet-20; the names of the panels are those of a VGG-13.
"""

from __future__ import annotations

from matplotlib.figure import Figure
from pandas import DataFrame

from paper_figures.select import levels_of
from paper_figures.timewise import Group, draw_timewise


def draw(frame: DataFrame, maps: DataFrame) -> Figure:
    """The outputs of the convolutions, a band for each number of time steps; without the last one,
    as in the paper.
    """
    shown = maps[maps["map"] != levels_of(maps, "map")[-1]]
    return draw_timewise(shown, Group(r"features\.\d+", columns=9))
