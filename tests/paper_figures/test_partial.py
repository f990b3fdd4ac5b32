"""Fig. 4, A.6: the green square lies around the stage without shortcuts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from paper_figures import drawing
from tests.paper_figures.made import cell_rows, map_rows, values, words

LAYERS = ["conv1", "bn1", *(f"s{s}.b{b}" for s in (1, 2, 3) for b in range(4)), "relu", "pool"]
SQUARES = {"stage-1": 2, "stage-2": 6, "stage-3": 10}  # first layer, of 4
TITLES = {
    "no-stage": "Spiking Res56 Full Residual",
    "stage-1": "Spiking Res56 Partial Residual (1)",
    "stage-2": "Spiking Res56 Partial Residual (2)",
    "stage-3": "Spiking Res56 Partial Residual (3)",
}


def maps() -> dict[str, np.ndarray]:
    return {residual: values(16, 16, seed) for seed, residual in enumerate(TITLES)}


def rows(made: dict[str, np.ndarray]) -> pd.DataFrame:
    return pd.concat(
        [
            map_rows(
                "snn-snn", m, LAYERS, LAYERS, stages_without_shortcut=r, network="resnet", depth=56
            )
            for r, m in made.items()
        ]
    )


def test_four_networks_and_three_squares() -> None:
    made = maps()
    figure = drawing("fig4")(pd.DataFrame({"quantity": []}), rows(made))
    shown = {axes.get_title(): axes for axes in figure.axes if axes.images}
    for residual, title in TITLES.items():
        axes = shown[title]
        assert np.array_equal(axes.images[0].get_array(), made[residual])
        squares = [
            (patch.get_xy(), patch.get_width(), patch.get_height()) for patch in axes.patches
        ]
        if residual == "no-stage":
            assert squares == []
        else:
            corner = SQUARES[residual] - 0.5
            assert squares == [((corner, corner), 4, 4)]


def test_a_probe_for_each_block() -> None:
    cells = pd.concat(
        [
            cell_rows("probe_accuracy", [10.0, 20.0, 30.0 + n], stages_without_shortcut=residual)
            for n, residual in enumerate(list(TITLES)[:3])
        ]
    )
    figure = drawing("figA6")(cells, rows(maps()))
    probes = [axes for axes in figure.axes if axes.get_xlabel() == "Blocks"]
    assert [list(axes.lines[0].get_ydata()) for axes in probes] == [
        [10.0, 20.0, 30.0],
        [10.0, 20.0, 31.0],
        [10.0, 20.0, 32.0],
    ]
    assert words(figure) == []


def test_every_stage_without_shortcuts_is_outlined_and_named() -> None:
    made = {"stage-1-2-3": values(16, 16), "stage-1-3": values(16, 16, 1)}
    figure = drawing("fig4")(pd.DataFrame({"quantity": []}), rows(made))
    shown = {axes.get_title(): axes for axes in figure.axes if axes.images}
    assert list(shown) == ["Spiking Res56 No Residual", "Spiking Res56 Partial Residual (1, 3)"]
    assert [len(axes.patches) for axes in shown.values()] == [0, 2]
