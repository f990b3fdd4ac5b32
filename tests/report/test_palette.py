"""A picture inside of a drawing gets smaller, and each of its points keeps its colour."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from harness.report.palette import with_palettes


def drawing(points_HWC: np.ndarray) -> str:
    out = io.BytesIO()
    Image.fromarray(points_HWC, "RGBA").save(out, "PNG")
    text = base64.b64encode(out.getvalue()).decode()
    lines = "\n".join(text[at : at + 76] for at in range(0, len(text), 76))  # as matplotlib's
    return f'<svg><image xlink:href="data:image/png;base64,{lines}"/></svg>'


def picture(svg: str) -> Image.Image:
    text = svg.partition("base64,")[2].partition('"')[0]
    return Image.open(io.BytesIO(base64.b64decode(text)))


@pytest.mark.parametrize("colours", [1, 2, 200, 256])
def test_a_map_keeps_each_colour_and_is_smaller(colours: int) -> None:
    draw = np.random.default_rng(0)
    table = draw.integers(0, 256, (colours, 4), dtype=np.uint8)
    points = table[draw.integers(0, colours, (60, 90))]
    before = drawing(points)
    after = with_palettes(before)
    assert len(after) < 0.6 * len(before)
    assert picture(after).mode == "P"
    assert np.array_equal(np.asarray(picture(after).convert("RGBA")), points)
    assert (after.startswith("<svg>"), after.endswith('"/></svg>')) == (True, True)


def test_what_has_more_colours_stays_as_it_is() -> None:
    points = np.random.default_rng(0).integers(0, 256, (40, 40, 4), dtype=np.uint8)
    assert with_palettes(drawing(points)) == drawing(points)
    assert with_palettes("<svg/>") == "<svg/>"
