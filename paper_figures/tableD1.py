"""Table D.1 as a figure: the architecture of ResNets by depth."""

from __future__ import annotations

from paper_figures.architecture import draw_architecture as draw

__all__ = ["draw"]
