"""Fig. 4: the effect of residual connections in SNNs, ResNet-56 on CIFAR-10."""

from __future__ import annotations

from matplotlib.figure import Figure
from pandas import DataFrame

from paper_figures.partial import self_similarity
from paper_figures.select import points
from paper_figures.style import canvas


def draw(frame: DataFrame, maps: DataFrame) -> Figure:
    """The SNN with itself: all shortcuts, then without those of one stage, outlined in green."""
    figure = canvas(2.4 * max(1.25, len(points(maps))), 2.6)
    self_similarity(figure, maps)
    return figure
