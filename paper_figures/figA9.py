"""Fig. A.9: the robustness against adversarial attack, ResNet-20 ×4 on CIFAR-100."""

from __future__ import annotations

from paper_figures.robustness import draw_robustness as draw

__all__ = ["draw"]
