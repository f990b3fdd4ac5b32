"""Lab Fig. 4: the kernels of AlexNet's first convolution."""

from __future__ import annotations

from matplotlib.figure import Figure, FigureBase
from pandas import DataFrame

from paper_figures.kernels import compass
from paper_figures.pictures import picture, show, source
from paper_figures.select import Levels
from paper_figures.style import parts
from paper_figures.words import stacked


def draw(frame: DataFrame, maps: DataFrame) -> Figure:
    """64 kernels of 11x11 pixels in colour; beside them their orientations."""
    return stacked(frame, maps, (8.6, 4.9), _draw)


def _draw(figure: FigureBase, frame: DataFrame, maps: DataFrame, levels: Levels) -> None:
    source(figure, frame)
    left, right = parts(figure, 1, 2, widths=[1.3, 1.0])
    title = "conv1: 64 kernels, 11x11, RGB, each stretched to its own range"
    show(left.subplots(), picture(maps, "kernels"), title=title)
    compass(right, frame)
