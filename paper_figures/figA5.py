"""Fig. A.5: emergence of the periodic jagged CKA curve, ResNet-110 on CIFAR-100."""

from __future__ import annotations

from typing import Any

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
    rows: list[list[Any]] = [[zoom.block for zoom in large], ["whole"] * max(1, len(large))]
    rows = rows if large else rows[1:]
    parts = figure.subplot_mosaic(rows, height_ratios=[1.25, 1.0][-len(rows) :])
    whole(parts["whole"], there, network(levels))
    for zoom in large:
        enlarged(parts[zoom.block], there, zoom)
        connect(parts[zoom.block], parts["whole"], there, zoom)
    key(parts[large[0].block if large else "whole"])
