"""Fig. 6, A.3, A.8, A.12: a panel for each layer and number of time steps."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from paper_figures import drawing
from tests.paper_figures.made import map_rows, values, words

VGG = tuple(f"features.{n}" for n in (0, 3, 7, 10, 14, 17, 21, 24, 27, 30))
BLOCKS = tuple(f"s{stage}.b{block}" for stage in (1, 2, 3) for block in range(3))
INSIDE = ("relu1", "conv1", "bn1", "relu2", "conv2", "ds.0", "ds.1", "")
ALL = (
    "conv1",
    "bn1",
    *(f"{block}.{name}".rstrip(".") for block in BLOCKS for name in INSIDE),
    "fc",
)
CONVOLUTIONS = tuple(name for name in ALL if re.search(r"(conv\d|ds\.1|fc)$", name))
ACTIVATIONS = tuple(name for name in ALL if "relu" in name)
NOTHING = pd.DataFrame({"quantity": []})


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("fig6", BLOCKS),
        ("figA8", BLOCKS),
        ("figA3", VGG[:-1]),  # the paper shows nine of the ten
        ("figA11", CONVOLUTIONS),
        ("figA12", CONVOLUTIONS + ACTIVATIONS),
    ],
)
def test_each_layer_at_each_number_of_time_steps(name: str, layers: tuple[str, ...]) -> None:
    there = VGG if layers[0] in VGG else ALL
    made = {(t, layer): values(t, t, n) for t in (4, 8, 32) for n, layer in enumerate(there)}
    maps = pd.concat([map_rows(layer, m, time_steps=t) for (t, layer), m in made.items()])
    figure = drawing(name)(NOTHING, maps)
    shown = [axes for axes in figure.axes if axes.images]
    assert len(shown) == 3 * len(layers)
    for axes in shown:
        image = axes.images[0].get_array()
        assert np.array_equal(image, made[len(image), axes.get_title()])
    order = [len(axes.images[0].get_array()) for axes in shown if axes.get_title() == layers[0]]
    assert order == [4, 8, 32]
    bands = [part.get_supylabel() for part in figure.subfigs]
    assert bands[:3] == ["T = 4", "T = 8", "T = 32"]


def test_only_what_was_measured_has_a_panel_and_steps_count_from_1() -> None:
    figure = drawing("fig6")(NOTHING, map_rows("s1.b0", values(4, 4), time_steps=4))
    (axes,) = (axes for axes in figure.axes if axes.images)
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "4"]
    assert [part.get_supylabel() for part in figure.subfigs] == ["T = 4"]
    assert words(figure) == []
