"""Fig. A.12: the similarity across times in convolutions and activations of the SNN ResNet-20 on
CIFAR-10.
"""

from __future__ import annotations

from matplotlib.figure import Figure
from pandas import DataFrame

from paper_figures.timewise import ACTIVATIONS, CONVOLUTIONS, draw_timewise


def draw(frame: DataFrame, maps: DataFrame) -> Figure:
    """Convolutions and the classifier with 4, 8 and 32 time steps, then the LIF layers alike."""
    return draw_timewise(maps, CONVOLUTIONS, ACTIVATIONS)
