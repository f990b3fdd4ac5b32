"""Fig. C.2: the similarity between ANN and SNN across different initialisations."""

from __future__ import annotations

from paper_figures.starts import draw_starts as draw

__all__ = ["draw"]
