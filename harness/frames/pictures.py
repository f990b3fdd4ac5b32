"""Pictures as maps: a colour each, rows from above.

Legend: C = colours, H, W = height and width.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.frames.layers import Floats, Map

COLOURS = ("r", "g", "b")
WHITE = 255


def picture(name: str, image_CHW: Floats) -> Iterator[Map]:
    """The colours of an image in 0…1, `image-NAME-r` and so on, to the 256 levels of a picture
    file: what is measured on an image is measured where it was made.
    """
    levels_CHW = np.round(np.asarray(image_CHW, dtype=np.float64) * WHITE) / WHITE
    for colour, plane_HW in zip(COLOURS, levels_CHW, strict=False):
        yield sheet(f"image-{name}-{colour}", plane_HW)


def sheet(name: str, values_HW: Floats) -> Map:
    """Numbers by row and column of pixels."""
    rows, columns = ([str(place) for place in range(size)] for size in values_HW.shape)
    return Map(name, rows, columns, values_HW)
