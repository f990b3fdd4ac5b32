"""The look that all figures share, set on each axes so that no global state is touched."""

from __future__ import annotations

from matplotlib.axes import Axes

# Okabe & Ito (2008): told apart with every common colour vision, and in grey by lightness.
ANN = "#0072B2"
SNN = "#D55E00"
GAP = "#4D4D4D"
FIRST = "#009E73"
LAST = "#56B4E9"
INK = "#222222"
MUTED = "#6B6B6B"
RULE = "#D9D9D9"
SMALL = 8.0  # points
NORMAL = 9.0


def quiet(axes: Axes) -> None:
    """Two spines, light horizontal rules, small ticks."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(MUTED)
    axes.tick_params(colors=MUTED, labelsize=SMALL, length=3, width=0.6)
    axes.grid(axis="y", color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
