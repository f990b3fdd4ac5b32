"""Whether a band can fail at all: one may reach chance, or hold all that a quantity can be."""

from __future__ import annotations

import math

NEAR_CHANCE = 5.0  # percentage points above chance: a network there has learnt nothing worth a name
_RANGES = {"percent": (0.0, 100.0), "CKA": (0.0, 1.0)}  # by unit


def guards_nothing(value: float, width: float, unit: str, chance: float) -> str:
    """Why a band value ± width guards nothing; '' where it does. `chance` in percent, or NaN.

    An accuracy is guarded from below: what learnt nothing has to lie outside. Of a network that is
    at chance itself, what learnt half of it has to.
    """
    if unit not in _RANGES or math.isnan(value) or math.isnan(width):
        return ""
    least, most = _RANGES[unit]
    said = f"its band {value:.4g} ± {width:.3g}"
    if value - width <= least and value + width >= most:
        return f"{said} holds all that there is, {least:g} to {most:g}"
    if unit != "percent" or math.isnan(chance):
        return ""
    if at_chance(value, chance):
        half = (chance + most) / 2
        return f"{said} reaches from chance to {half:g}" if value + width >= half else ""
    return f"{said} reaches chance, {chance:.3g}" if value - width <= chance else ""


def at_chance(percent: float, chance: float) -> bool:
    """Whether a network with this accuracy learnt nothing."""
    return percent <= chance + NEAR_CHANCE
