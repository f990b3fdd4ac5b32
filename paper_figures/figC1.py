"""Fig. C.1: the similarity across different initialisations of ANNs, and of SNNs."""

from __future__ import annotations

from matplotlib.figure import Figure
from pandas import DataFrame

from paper_figures.starts import Pair, draw_pairs

KINDS = {"relu": "Artificial", "lif": "Spiking"}
PAIRS = ((0, 0), (1, 1), (0, 1))  # x, y


def draw(frame: DataFrame, maps: DataFrame) -> Figure:
    """ANNs above, SNNs below: each network with itself, then both with each other."""
    rows = [
        [
            Pair(
                {"neuron": neuron, "map": f"init{x}-init{y}"},
                x=f"{kind} ResNet-20 init{x}",
                y=f"{kind} ResNet-20 init{y}",
            )
            for x, y in PAIRS
        ]
        for neuron, kind in KINDS.items()
    ]
    return draw_pairs(maps, rows)
