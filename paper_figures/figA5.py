"""Fig. A.5: emergence of the periodic jagged CKA curve, ResNet-110 on CIFAR-100."""

from __future__ import annotations

from matplotlib.figure import Figure, FigureBase
from pandas import DataFrame

from paper_figures.blocks import MAP, connect, enlarged, key, whole, zooms
from paper_figures.select import Levels, curve
from paper_figures.words import network, stacked


def draw(frame: DataFrame, maps: DataFrame) -> Figure:
    """Below the curve of all layers; above it the 10th and the 34th block, enlarged."""
    return stacked(frame, maps, (6.0, 4.4), _draw)


def _draw(figure: FigureBase, frame: DataFrame, maps: DataFrame, levels: Levels) -> None:
    there = curve(frame, MAP)
    large = zooms(there)
    above = [[zoom.block for zoom in large]] if large else []
    below = ["whole"] * max(1, len(large))
    parts = figure.subplot_mosaic([*above, below], height_ratios=[1.25] * len(above) + [1.0])
    whole(parts["whole"], there, network(levels))
    for zoom in large:
        enlarged(parts[zoom.block], there, zoom)
        connect(parts[zoom.block], parts["whole"], there, zoom)
    key(parts[large[0].block if large else "whole"])
