"""How an image of the set may look: the user's numbers, checked, as the renderer's integers."""

from __future__ import annotations

from dataclasses import dataclass

from harness.engine.data.embedded.pose import ANGLES_PER_DEGREE, OPAQUE, PIXEL, WHOLE
from harness.errors import HarnessError

SIZES = (8, 12, 16, 20, 24, 28, 32)  # halve twice, and a crop of that many pixels exists
BRIGHT = 256  # full brightness


@dataclass(frozen=True, slots=True)
class Look:
    """Pixels per side; brightness of the ground in 1/256; largest shift in 1/256 pixel; largest
    angle in quarter degrees; smallest and largest scale in 1/256 of the side; opacity of the
    distractor in 1/256.
    """

    size: int
    brightness: int
    jitter: int
    angle: int
    scale: tuple[int, int]
    distractor: int


def look(
    *,
    size: int,
    brightness: float,
    jitter: float,
    rotation: float,
    scale: tuple[float, float],
    distractor: float,
) -> Look:
    """Arguments as in `digits_on_photos`, rounded to the fractions above. Raises HarnessError when
    out of range.
    """
    smallest, largest = scale
    for name, value, low, high in (
        ("brightness", brightness, 0.0, 1.0),
        ("jitter", jitter, 0.0, size / 2),
        ("rotation", rotation, 0.0, 180.0),
        ("scale", smallest, 0.25, largest),
        ("scale", largest, smallest, 2.0),
        ("distractor", distractor, 0.0, 1.0),
    ):
        if not low <= value <= high:  # also false for NaN
            raise HarnessError(
                "digits on photos", f"{name} must lie in {low:g} … {high:g}, got {value:g}"
            )
    if size not in SIZES:
        raise HarnessError(
            "digits on photos", f"size must be one of {', '.join(map(str, SIZES))}, got {size}"
        )
    return Look(
        size=size,
        brightness=round(brightness * BRIGHT),
        jitter=round(jitter * PIXEL),
        angle=round(rotation * ANGLES_PER_DEGREE),
        scale=(round(smallest * WHOLE), round(largest * WHOLE)),
        distractor=round(distractor * OPAQUE),
    )
