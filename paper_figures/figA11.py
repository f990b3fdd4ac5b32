"""Fig. A.11: similarity across times in the convolutions of the SNN ResNet-20 on CIFAR10-DVS."""

from __future__ import annotations

from matplotlib.figure import Figure
from pandas import DataFrame

from paper_figures.timewise import CONVOLUTIONS, draw_timewise


def draw(frame: DataFrame, maps: DataFrame) -> Figure:
    """Every convolution and the classifier."""
    return draw_timewise(maps, CONVOLUTIONS)
