"""Lab Fig. 7: images that drive one neuron of AlexNet's third convolution."""

from __future__ import annotations

from matplotlib.figure import Figure
from pandas import DataFrame

from paper_figures.units import Row, draw_unit

SAID: tuple[Row, ...] = (
    ("activation_end", "activation {:.2f}", ""),
    ("contrast", "contrast inside {:.3f}", "inside"),
    ("contrast", "outside {:.4f}", "outside"),
)


def draw(frame: DataFrame, maps: DataFrame) -> Figure:
    """Images with a pattern where the neuron looks, and none elsewhere."""
    return draw_unit(frame, maps, SAID)
