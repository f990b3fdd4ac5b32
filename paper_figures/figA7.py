"""Fig. A.7: the effect of time steps in SNNs, ResNet-20 on CIFAR-100."""

from __future__ import annotations

from paper_figures.steps import draw_steps as draw

__all__ = ["draw"]
