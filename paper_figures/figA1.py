"""Fig. A.1: similarity of ANNs and SNNs over depth and width, VGGs on CIFAR-10."""

from __future__ import annotations

from paper_figures.scaling import draw_scaling as draw

__all__ = ["draw"]
