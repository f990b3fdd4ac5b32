"""Fig. A.10: similarity of ANNs and SNNs over depth and width, ResNets on CIFAR10-DVS."""

from __future__ import annotations

from paper_figures.scaling import draw_scaling as draw

__all__ = ["draw"]
