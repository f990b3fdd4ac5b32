"""Table D.2 as a figure: the architecture of VGG networks by depth."""

from __future__ import annotations

from paper_figures.architecture import draw_architecture as draw

__all__ = ["draw"]
