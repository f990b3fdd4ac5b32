"""Fig. A.5: emergence of the periodic jagged CKA curve, ResNet-110 on CIFAR-100."""

from __future__ import annotations

from matplotlib.figure import Figure
from pandas import DataFrame

from paper_figures.blocks import ZOOMS, connect, enlarged, key, whole
from paper_figures.select import curve
from paper_figures.style import canvas


def draw(frame: DataFrame, maps: DataFrame | None = None) -> Figure:
    """Below the curve of all layers; above it the 10th and the 34th block, enlarged."""
    figure = canvas(6.0, 4.4)
    parts = figure.subplot_mosaic(
        [["first", "second"], ["whole", "whole"]], height_ratios=(1.25, 1)
    )
    there = curve(frame, {"map": "ann-snn", "depth": 110})
    whole(parts["whole"], there)
    for name, zoom in zip(("first", "second"), ZOOMS, strict=True):
        enlarged(parts[name], there, zoom)
        connect(parts[name], parts["whole"], there, zoom)
    key(parts["first"])
    return figure
