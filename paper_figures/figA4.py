"""Fig. A.4: similarity of ANNs and SNNs over depth and width, ResNets on CIFAR-100."""

from __future__ import annotations

from paper_figures.scaling import draw_scaling as draw

__all__ = ["draw"]
