"""Fig. 6, A.3, A.8, A.12: a panel for each layer and number of time steps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from paper_figures import drawing
from paper_figures.timewise import activations, block_outputs, convolutions
from tests.paper_figures.made import map_rows, values

VGG = tuple(f"features.{n}" for n in (0, 3, 7, 10, 14, 17, 21, 24, 27))
NOTHING = pd.DataFrame({"quantity": []})


def test_the_layers_are_those_of_the_paper() -> None:
    assert len(block_outputs()) == 9
    assert len(activations()) == 18
    assert len(convolutions()) == 22
    assert convolutions()[:2] == ("conv1", "s1.b0.conv1")
    assert convolutions()[-1] == "fc"
    assert [name for name in convolutions() if "ds" in name] == ["s2.b0.ds.1", "s3.b0.ds.1"]


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("fig6", block_outputs()),
        ("figA8", block_outputs()),
        ("figA3", VGG),
        ("figA12", convolutions() + activations()),
    ],
)
def test_each_layer_at_each_number_of_time_steps(name: str, layers: tuple[str, ...]) -> None:
    made = {(t, layer): values(t, t, n) for t in (4, 8, 32) for n, layer in enumerate(layers)}
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


def test_a_layer_that_was_not_measured_is_an_empty_plate() -> None:
    figure = drawing("fig6")(NOTHING, map_rows("s1.b0", values(4, 4), time_steps=4))
    empty = [text for axes in figure.axes for text in axes.texts]
    assert [text.get_text() for text in empty] == ["not measured"] * 26
