"""Fig. C.2: the similarity between ANN and SNN across different initialisations."""

from __future__ import annotations

from matplotlib.figure import Figure
from pandas import DataFrame

from paper_figures.starts import Pair, draw_pairs

PAIRS = ((0, 0), (1, 1), (0, 1), (1, 0))  # SNN along x, ANN along y


def draw(frame: DataFrame, maps: DataFrame) -> Figure:
    """The four pairs of two SNNs and two ANNs."""
    row = [
        Pair(
            {"map": f"init{x}-init{y}"},
            x=f"Spiking ResNet-20 init{x}",
            y=f"Artificial ResNet-20 init{y}",
        )
        for x, y in PAIRS
    ]
    return draw_pairs(maps, [row])
