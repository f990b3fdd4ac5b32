"""Fig. 3, A.5: the curve of ResNet-110, two blocks of it, and the average block."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from paper_figures import drawing
from paper_figures.blocks import place_of
from tests.paper_figures.made import cell_rows, lines, resnet_layers

LAYERS = resnet_layers(110)
NO_MAPS = pd.DataFrame(columns=["map"])
CURVE = list(np.linspace(1.0, 0.2, len(LAYERS)))
POSITIONS = ("input", "act1", "conv1", "bn1", "act2", "conv2", "bn2", "output")


def cells() -> pd.DataFrame:
    means = cell_rows("position_mean", np.linspace(0.9, 0.2, 8), [""] * 8, map="ann-snn")
    diagonal = cell_rows("diagonal", CURVE, LAYERS, map="ann-snn")
    return pd.concat([diagonal, means.assign(position=POSITIONS)]).assign(
        network="resnet", depth=110
    )


@pytest.mark.parametrize("name", ["fig3", "figA5"])
def test_the_whole_curve_and_two_of_its_blocks(name: str) -> None:
    figure = drawing(name)(cells(), NO_MAPS)
    by_title = {axes.get_title(): axes for axes in figure.axes}
    for title, block in (("10-th Residual Block", "s1.b9"), ("34-th Residual Block", "s2.b15")):
        last = LAYERS.index(block)  # its output
        axes = by_title[title]
        assert list(axes.lines[0].get_xdata()) == list(range(last - 7, last + 1))
        assert list(axes.lines[0].get_ydata()) == CURVE[last - 7 : last + 1]
        marks = [line.get_marker() for line in axes.lines[1:]]
        assert marks == ["o", "^", "s", "D", "^", "s", "D", "o"]
    assert any(lines(axes).get("ResNet-110") == CURVE for axes in figure.axes)


def test_the_average_stands_in_the_order_of_a_block() -> None:
    shuffled = cells().sample(frac=1, random_state=0)
    axes = {axes.get_title(): axes for axes in drawing("fig3")(shuffled, NO_MAPS).axes}
    average = axes["Average over all blocks"]
    assert [label.get_text() for label in average.get_xticklabels()] == list(POSITIONS)
    assert list(average.lines[0].get_ydata()) == pytest.approx(list(np.linspace(0.9, 0.2, 8)))


@pytest.mark.parametrize(
    ("layer", "kind"),
    [
        ("s1.b9.relu2", "LIF/ReLU"),
        ("s1.b9.conv1", "Conv"),
        ("s1.b9.bn2", "(td)BN"),
        ("s1.b9", "Res. Block"),
    ],
)
def test_a_layer_has_the_mark_of_its_kind(layer: str, kind: str) -> None:
    assert place_of(layer).label == kind


def test_the_shortcut_of_a_wider_stage_is_no_layer_of_the_block() -> None:
    from paper_figures.blocks import of_block

    diagonal = cell_rows("diagonal", CURVE, LAYERS).assign(at=range(len(LAYERS)))
    assert len(of_block(diagonal, "s2.b0")) == 7
    assert len(of_block(diagonal, "s1.b1")) == 7  # and not those of s1.b10 to s1.b17
