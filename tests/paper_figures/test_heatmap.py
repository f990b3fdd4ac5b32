"""Colours mean the same in every figure, and what is undefined or missing says so."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from paper_figures.heatmap import heatmap, scale
from tests.paper_figures.made import values


def drawn(matrix: np.ndarray) -> Figure:
    figure = Figure(layout="constrained")
    axes = figure.subplots()
    heatmap(axes, matrix, x="Spiking", y="Artificial")
    scale(figure, [axes])
    return figure


def test_a_map_is_drawn_from_0_to_1_with_its_origin_at_the_lower_left() -> None:
    wanted = values(4, 4) * 0.3
    axes, bar = drawn(wanted).axes
    (image,) = axes.images
    assert np.array_equal(image.get_array(), wanted)
    assert image.get_clim() == (0.0, 1.0)
    assert image.get_cmap().name == "magma"
    assert image.origin == "lower"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Spiking", "Artificial")
    assert bar.get_ylim() == (0.0, 1.0)


def test_undefined_cells_are_hatched_and_the_key_says_so() -> None:
    matrix = values(4, 4)
    assert drawn(matrix).axes[1].get_legend() is None
    matrix[2] = np.nan
    axes, bar = drawn(matrix).axes
    assert axes.patch.get_hatch()
    assert [text.get_text() for text in bar.get_legend().get_texts()] == ["undefined"]


@pytest.mark.parametrize(("least", "ends_in_a_point"), [(-0.05, True), (0.0, False)])
def test_a_negative_estimate_is_told_by_the_scale(least: float, ends_in_a_point: bool) -> None:
    matrix = values(3, 3) + 0.01
    matrix[0, 0] = least
    figure = drawn(matrix)
    bar = figure.axes[1]
    extensions = [patch for patch in bar.patches if patch.get_visible()]
    assert bool(extensions) is ends_in_a_point


def test_a_map_that_is_not_there_is_an_empty_plate() -> None:
    axes = drawn(np.empty((0, 0))).axes[0]
    assert not axes.images
    assert [text.get_text() for text in axes.texts] == ["not measured"]


def test_a_map_of_577_layers_is_drawn() -> None:
    wanted = values(577, 577)
    figure = drawn(wanted)
    figure.canvas.draw()
    assert np.array_equal(figure.axes[0].images[0].get_array(), wanted)
