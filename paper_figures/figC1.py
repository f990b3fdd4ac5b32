"""Fig. C.1: the similarity across different initialisations of ANNs, and of SNNs."""

from __future__ import annotations

from paper_figures.starts import draw_starts as draw

__all__ = ["draw"]
