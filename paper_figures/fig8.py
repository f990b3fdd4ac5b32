"""Fig. 8: the robustness against adversarial attack, ResNet-20 on CIFAR-10."""

from __future__ import annotations

from paper_figures.robustness import draw_robustness as draw

__all__ = ["draw"]
