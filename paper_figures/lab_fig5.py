"""Lab Fig. 5: the kernels of AlexNet's second convolution."""

from __future__ import annotations

from matplotlib.figure import Figure, FigureBase
from pandas import DataFrame

from paper_figures.kernels import compass
from paper_figures.pictures import picture, show, source, word
from paper_figures.select import Levels, at, matrix
from paper_figures.style import parts
from paper_figures.words import stacked


def draw(frame: DataFrame, maps: DataFrame) -> Figure:
    """192 kernels of 5x5 pixels by their three strongest channels; all channels of some below."""
    return stacked(frame, maps, (9.2, 6.2), _draw)


def _draw(figure: FigureBase, frame: DataFrame, maps: DataFrame, levels: Levels) -> None:
    source(figure, frame)
    top, bottom = parts(figure, 2, 1, heights=[2.6, 1.35])
    left, right = parts(top, 1, 2, widths=[1.3, 1.0])
    title = "conv2: 192 kernels, 5x5; the three strongest of 64 channels as red, green, blue"
    show(left.subplots(), picture(maps, "kernels"), title=title)
    compass(right, frame)
    listed = word(frame, "listed") or "none"
    channels = matrix(at(maps, {"map": "image-channels"}))
    below = f"all 64 channels, a row for each of the filters of clearest orientation: {listed}"
    show(bottom.subplots(), channels, title=below)
