"""Fig. A.3: the similarity across times in the spiking VGG-13 on CIFAR-10, for each convolution.

The caption says ResNet-20; the names of the panels are those of a VGG-13.
"""

from __future__ import annotations

from matplotlib.figure import Figure
from pandas import DataFrame

from paper_figures.timewise import Group, draw_timewise

LAYERS = tuple(f"features.{number}" for number in (0, 3, 7, 10, 14, 17, 21, 24, 27))


def draw(frame: DataFrame, maps: DataFrame) -> Figure:
    """The outputs of nine convolutions; from top to bottom with 4, 8 and 32 time steps."""
    return draw_timewise(maps, (4, 8, 32), [Group(LAYERS, columns=9)])
