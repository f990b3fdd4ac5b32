"""The data behind each figure, not its pixels; and that drawing leaves no trace."""

from __future__ import annotations

import sys

import matplotlib as mpl
import pytest

from harness.frames.frame import frame_of
from paper_figures import drawing
from tests.synthetic import PUBLISHED, SyntheticStore, plan

NOISE = {0: 0.0, 1: 0.5, 2: -0.5}


def cells(name: str, *overrides: str):
    made = plan(name, overrides=overrides)
    return frame_of(made.exhibits[0], SyntheticStore(made, NOISE), {}).cells


def test_table_1_shows_accuracy_and_gap_over_depth_and_width() -> None:
    figure = drawing("table1")(cells("table1"))
    depth, width, depth_gap, width_gap = figure.axes
    for axes, levels, at in (
        (depth, (20, 38, 56, 110, 164), lambda n, x: (n, x, 1)),
        (width, (1, 2, 4, 8, 16), lambda n, x: (n, 20, x)),
    ):
        for container, neuron in zip(axes.containers, ("relu", "lif"), strict=True):
            line = container.lines[0]
            assert tuple(line.get_xdata()) == levels
            assert list(line.get_ydata()) == [PUBLISHED[at(neuron, x)] for x in levels]
    gaps = list(width_gap.containers[0].lines[0].get_ydata())
    assert gaps == pytest.approx([1.39, 1.36, 0.56, 0.30, 0.05])
    assert depth.get_ylabel() == "accuracy, %"
    assert width_gap.get_xscale() == "log"
    assert [label.get_text() for label in width_gap.get_xticklabels()] == [
        "×1",
        "×2",
        "×4",
        "×8",
        "×16",
    ]
    assert depth_gap.get_ylabel() == "gap, points"


def test_table_1_has_error_bars_where_there_are_seeds() -> None:
    figure = drawing("table1")(cells("table1", "seed=0,1,2"))
    bars = figure.axes[0].containers[0].lines[2][0].get_segments()
    assert [round(float(top[1] - low[1]), 9) for low, top in bars] == [1.0] * 5  # ± std of ±0.5
    alone = drawing("table1")(cells("table1"))
    assert alone.axes[0].containers[0].lines[2] == ()


def test_an_undefined_cell_is_a_hole_in_the_line() -> None:
    frame = cells("table1")
    frame.loc[0, "value"] = float("nan")
    line = drawing("table1")(frame).axes[0].containers[0].lines[0]
    assert [str(y) for y in line.get_ydata()][:2] == ["nan", "92.34"]


def test_a_cell_that_is_not_there_is_a_hole_too() -> None:
    frame = cells("table1")
    missing = (frame["neuron"] == "relu") & (frame["depth"] == 56)
    line = drawing("table1")(frame[~missing]).axes[0].containers[0].lines[0]
    assert [str(y) for y in line.get_ydata()] == ["91.06", "92.34", "nan", "92.37", "93.0"]


def test_table_d1_prints_every_cell_and_its_sizes() -> None:
    figure = drawing("tableD1")(cells("tableD1"))
    said = [text.get_text() for text in figure.axes[0].texts]
    for words in ("20 layers", "164 layers", "block2", "(3×3, 32; 3×3, 32) × 27", "3×3, 16, s1"):
        assert words in said
    assert "84.1 k · 84.9 M MACs" in said  # 28,032 and 28,311,552 for each of the 3 blocks


def test_table_d2_is_drawn_alike() -> None:
    figure = drawing("tableD2")(cells("tableD2"))
    said = [text.get_text() for text in figure.axes[0].texts]
    for words in ("13 layers", "43 layers", "pooling3", "(3×3, 512) × 24", "Average pooling, s2"):
        assert words in said


def test_drawing_leaves_no_global_state() -> None:
    before = dict(mpl.rcParams)
    drawing("table1")(cells("table1"))
    assert dict(mpl.rcParams) == before
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or pyplot.get_fignums() == []


@pytest.mark.parametrize(
    "name", ["nothing", "style", "architecture", "../table1", "os.path", "", "table1.draw"]
)
def test_only_drawings_have_names(name: str) -> None:
    with pytest.raises(LookupError):
        drawing(name)
