"""Fig. 1 shows the images, the Gram matrices and the result of the run, not a drawing of them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from paper_figures import drawing
from tests.paper_figures.made import cell_rows, map_rows, values, words


def maps(images: int) -> dict[str, np.ndarray]:
    made = {"gram-relu": values(8, 8, 1) * 40 - 3, "gram-lif": values(8, 8, 2) * 7}
    for number in range(images):
        made |= {f"image-{number}-{c}": values(6, 6, 9 * number + ord(c)) for c in "rgb"}
    return made


def test_it_shows_what_was_measured() -> None:
    made = maps(4)
    table = pd.concat([map_rows(name, matrix) for name, matrix in made.items()])
    figure = drawing("fig1")(cell_rows("cka", [0.8734]), table)
    shown = [np.asarray(axes.images[0].get_array()) for axes in figure.axes if axes.images]
    for number in range(4):
        wanted = np.stack([made[f"image-{number}-{c}"] for c in "rgb"], axis=-1)
        assert any(np.array_equal(image, wanted) for image in shown)
    for name in ("gram-relu", "gram-lif"):
        assert any(np.array_equal(image, made[name]) for image in shown)
    said = words(figure)
    assert "0.873" in said
    assert {"Artificial Neural Network", "Spiking Neural Network", "ReLU", "LIF"} <= set(said)


def test_what_was_not_measured_has_no_place_and_what_is_undefined_says_so() -> None:
    table = pd.concat([map_rows(name, matrix) for name, matrix in maps(3).items()])
    figure = drawing("fig1")(cell_rows("cka", [np.nan]), table)
    assert sum(bool(axes.images) for axes in figure.axes) == 5  # three images, two matrices
    assert words(figure).count("undefined") == 1


def test_networks_are_called_by_their_neurons() -> None:
    made = {"gram-lif-text": values(8, 8), "gram-relu": values(8, 8, 1)}
    table = pd.concat([map_rows(name, matrix) for name, matrix in made.items()])
    said = words(drawing("fig1")(cell_rows("cka", [0.5]), table))
    assert {"Spiking (lif-text) Neural Network", "lif-text"} <= set(said)
    assert "LIF" not in said
