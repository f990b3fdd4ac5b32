"""Fig. 5: the effect of time steps in SNNs, ResNet-20 on CIFAR-10."""

from __future__ import annotations

from matplotlib.figure import Figure
from pandas import DataFrame

from paper_figures.steps import Steps, draw_steps

STUDY = Steps("ResNet-20", time_steps=(4, 8, 16, 32, 64, 128), columns=3)


def draw(frame: DataFrame, maps: DataFrame) -> Figure:
    """Heatmaps of the ANN against each SNN, and their diagonals."""
    return draw_steps(frame, maps, STUDY)
