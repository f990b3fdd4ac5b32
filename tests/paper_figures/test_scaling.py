"""Fig. 2, A.1, A.4: each map in its own panel, its diagonal below."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from paper_figures import drawing
from tests.paper_figures.made import cell_rows, heatmaps, lines, map_rows, values, words

STUDIES = [
    ("fig2", "ResNet", (20, 38, 56, 110, 164), (1, 2, 4, 8, 16)),
    ("figA1", "VGG", (13, 19, 25, 31, 43), (1, 2, 4, 8, 10)),
    ("figA4", "ResNet", (20, 56, 110, 164), (1, 2, 4, 8)),
    ("figA10", "ResNet", (20, 38, 56, 110), (1, 2, 4, 8)),
]


@pytest.mark.parametrize(("name", "family", "depths", "widths"), STUDIES)
def test_every_map_and_curve_is_where_the_paper_has_it(
    name: str, family: str, depths: tuple[int, ...], widths: tuple[int, ...]
) -> None:
    points = [(depth, 1) for depth in depths] + [(depths[0], width) for width in widths[1:]]
    made = {at: values(6, 6, seed) for seed, at in enumerate(points)}
    block = family.lower()
    maps = [map_rows("ann-snn", m, depth=d, width=w, network=block) for (d, w), m in made.items()]
    cells = [
        cell_rows("diagonal", np.diag(m), depth=d, width=w, map="ann-snn", network=block)
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


def frames(*networks: tuple[int, int], low: float = 0.7) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cells and maps of networks by depth and width."""
    held = {"network": "resnet", "map": "ann-snn"}
    cells = [cell_rows("diagonal", [0.9, np.nan, low], depth=d, width=w, **held)
             for d, w in networks]  # fmt: skip
    maps = [map_rows("ann-snn", values(4, 4), depth=d, width=w, network="resnet")
            for d, w in networks]  # fmt: skip
    return pd.concat(cells), pd.concat(maps)


def test_the_levels_are_those_of_the_frame() -> None:
    figure = drawing("fig2")(*frames((20, 1), (32, 1), (20, 2)))
    assert {x for _, x, _ in heatmaps(figure)} == {
        "Spiking ResNet-20",
        "Spiking ResNet-32",
        "Spiking ResNet-20 ×2",
    }
    *stacked, together = (axes for axes in figure.axes if axes.lines)
    assert [list(lines(axes)) for axes in stacked] == [["ResNet-20"], ["ResNet-32"]]
    assert list(lines(together)) == ["ResNet-20", "ResNet-20 ×2"]
    assert [str(y) for y in lines(together)["ResNet-20"]] == ["0.9", "nan", "0.7"]
    assert words(figure) == []


@pytest.mark.parametrize(
    ("networks", "panels"),
    [(((20, 1), (38, 1)), 2), (((20, 1), (20, 2), (20, 3)), 1), (((20, 1),), 1)],
)
def test_an_axis_of_one_level_has_no_row(
    networks: tuple[tuple[int, int], ...], panels: int
) -> None:
    figure = drawing("fig2")(*frames(*networks))
    assert len(heatmaps(figure)) == len(networks)
    assert len([axes for axes in figure.axes if axes.lines]) == panels


def test_a_curve_below_the_papers_axis_lowers_it() -> None:
    figure = drawing("fig2")(*frames((20, 1), low=-0.05))
    together = [axes for axes in figure.axes if axes.lines][-1]
    assert together.get_ylim()[0] == pytest.approx(-0.1)


def test_a_single_network_has_its_map_beside_its_curve_and_no_empty_room() -> None:
    figure = drawing("fig2")(*frames((20, 8)))
    figure.canvas.draw()
    page = figure.transSubfigure.inverted()
    heat, line, *_ = sorted(
        (page.transform(axes.get_position().transformed(axes.figure.transSubfigure)) for axes in
         figure.axes if axes.get_xlabel()), key=lambda box: box[0][0],
    )  # fmt: skip
    assert heat[0][0] < 0.15 and heat[1][0] < line[0][0] < 0.65
