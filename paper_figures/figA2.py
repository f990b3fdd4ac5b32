"""Fig. A.2: the effect of time steps in spiking VGG-13 networks on CIFAR-10."""

from __future__ import annotations

from paper_figures.steps import draw_steps as draw

__all__ = ["draw"]
