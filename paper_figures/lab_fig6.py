"""Lab Fig. 6: images that drive channel 28 of AlexNet's first convolution."""

from __future__ import annotations

from matplotlib.figure import Figure
from pandas import DataFrame

from paper_figures.units import Row, draw_unit

SAID: tuple[Row, ...] = (
    ("activation_end", "activation {:.2f}", ""),
    ("orientation", "bars at {:.0f}°, 90° being vertical", ""),
    ("off_kernel", "{:.0f}° from those of the kernel", ""),
)


def draw(frame: DataFrame, maps: DataFrame) -> Figure:
    """Images over which the bars of one kernel repeat."""
    return draw_unit(frame, maps, SAID)
