"""Lab Fig. 8: images that drive the whole of AlexNet's fifth convolution."""

from __future__ import annotations

from matplotlib.figure import Figure
from pandas import DataFrame

from paper_figures.units import Row, draw_unit

SAID: tuple[Row, ...] = (
    ("activation_end", "activation {:.3f}", ""),
    ("contrast", "contrast {:.3f}", "inside"),
)


def draw(frame: DataFrame, maps: DataFrame) -> Figure:
    """Images with patterns all over."""
    return draw_unit(frame, maps, SAID)
