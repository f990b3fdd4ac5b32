"""Fig. 2, A.1, A.4: each map in its own panel, its diagonal below."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from paper_figures import drawing
from tests.paper_figures.made import cell_rows, heatmaps, lines, map_rows, values

STUDIES = [
    ("fig2", "ResNet", (20, 38, 56, 110, 164), (1, 2, 4, 8, 16)),
    ("figA1", "VGG", (13, 19, 25, 31, 43), (1, 2, 4, 8, 10)),
    ("figA4", "ResNet", (20, 56, 110, 164), (1, 2, 4, 8)),
]


@pytest.mark.parametrize(("name", "family", "depths", "widths"), STUDIES)
def test_every_map_and_curve_is_where_the_paper_has_it(
    name: str, family: str, depths: tuple[int, ...], widths: tuple[int, ...]
) -> None:
    points = [(depth, 1) for depth in depths] + [(depths[0], width) for width in widths[1:]]
    made = {at: values(6, 6, seed) for seed, at in enumerate(points)}
    maps = [map_rows("ann-snn", m, depth=d, width=w) for (d, w), m in made.items()]
    cells = [
        cell_rows("diagonal", np.diag(m), depth=d, width=w, map="ann-snn")
        for (d, w), m in made.items()
    ]
    figure = drawing(name)(pd.concat(cells), pd.concat(maps))
    found = heatmaps(figure)
    for (depth, width), matrix in made.items():
        network = f"{family}-{depth}{f' ×{width}' if width > 1 else ''}"
        shown = found[("", f"Spiking {network}", f"Artificial {network}")]
        assert np.array_equal(shown, matrix)
    assert sum(bool(axes.images) for axes in figure.axes) == len(depths) + len(widths)
    curves = [axes for axes in figure.axes if axes.lines and not axes.images]
    *stacked, together = curves
    assert len(stacked) == len(depths)
    for axes, depth in zip(stacked, depths, strict=True):
        assert lines(axes) == {f"{family}-{depth}": list(np.diag(made[depth, 1]))}
    for width in widths:
        label = f"{family}-{depths[0]}{f' ×{width}' if width > 1 else ''}"
        assert lines(together)[label] == list(np.diag(made[depths[0], width]))
    assert together.get_ylim()[0] <= 0.2


def test_what_was_not_measured_is_named() -> None:
    maps = map_rows("ann-snn", values(4, 4), depth=20, width=1)
    cells = cell_rows("diagonal", [0.9, np.nan, 0.7], depth=20, width=1, map="ann-snn")
    figure = drawing("fig2")(cells, maps)
    empty = [
        axes for axes in figure.axes for text in axes.texts if text.get_text() == "not measured"
    ]
    assert len(empty) == 8  # of ten panels; depth 20 and width x1 are the same run
    together = [axes for axes in figure.axes if axes.lines][-1]
    assert "ResNet-20 ×16 (not measured)" in lines(together)
    assert [str(y) for y in lines(together)["ResNet-20"]] == ["0.9", "nan", "0.7"]


def test_a_curve_below_the_papers_axis_lowers_it() -> None:
    cells = cell_rows("diagonal", [0.9, -0.05], depth=20, width=1, map="ann-snn")
    maps = map_rows("ann-snn", values(2, 2), depth=20, width=1)
    together = [axes for axes in drawing("fig2")(cells, maps).axes if axes.lines][-1]
    assert together.get_ylim()[0] == pytest.approx(-0.1)
