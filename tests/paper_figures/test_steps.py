"""Fig. 5, A.2, A.7: one map and one curve for each number of time steps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from paper_figures import drawing
from tests.paper_figures.made import cell_rows, heatmaps, lines, map_rows, values


@pytest.mark.parametrize(
    ("name", "network", "steps"),
    [
        ("fig5", "ResNet-20", (4, 8, 16, 32, 64, 128)),
        ("figA2", "VGG-13", (4, 8, 16, 32)),
        ("figA7", "ResNet-20", (4, 8, 16, 32)),
    ],
)
def test_each_number_of_time_steps(name: str, network: str, steps: tuple[int, ...]) -> None:
    made = {t: values(5, 5, t) for t in steps}
    family, depth = network.split("-")
    held = {"network": family.lower(), "depth": int(depth)}
    maps = pd.concat([map_rows("ann-snn", m, time_steps=t, **held) for t, m in made.items()])
    cells = pd.concat(
        [
            cell_rows("diagonal", np.diag(m), time_steps=t, map="ann-snn", **held)
            for t, m in made.items()
        ]
    )
    figure = drawing(name)(cells, maps)
    shown = heatmaps(figure)
    assert len(shown) == len(steps)
    curves = lines(next(axes for axes in figure.axes if axes.lines and not axes.images))
    for t, matrix in made.items():
        at = ("", f"Spiking {network} T{t}", f"Artificial {network}")
        assert np.array_equal(shown[at], matrix)
        assert curves[f"{network} T{t}"] == list(np.diag(matrix))
