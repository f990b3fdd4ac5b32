"""The lab's drawings show what was measured: pictures as they are, sources and outlines as said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Rectangle

from paper_figures import drawing
from paper_figures.pictures import picture
from tests.paper_figures.made import cell_rows, map_rows, values, words


def coloured(name: str, rows: int, columns: int, seed: int = 0) -> pd.DataFrame:
    """The three maps of a picture."""
    return pd.concat(
        [
            map_rows(f"image-{name}-{colour}", values(rows, columns, 3 * seed + place))
            for place, colour in enumerate("rgb")
        ]
    )


def said(quantity: str, text: str) -> pd.DataFrame:
    return cell_rows(quantity, [np.nan]).assign(text=text)


def cell(quantity: str, number: float, **levels: Any) -> pd.DataFrame:
    return cell_rows(quantity, [number], **levels).assign(text=None)


def shown(figure: Any) -> list[np.ndarray]:
    images = [np.asarray(one.get_array()) for axes in figure.axes for one in axes.images]
    inside = [one for axes in figure.axes for child in axes.child_axes for one in child.images]
    return images + [np.asarray(one.get_array()) for one in inside]


def everything_written(figure: Any) -> str:
    titles = [text for axes in figure.axes for text in (axes.get_title(), axes.get_xlabel())]
    above = figure.get_suptitle()
    return "\n".join([above, *titles, *words(figure)])


def test_gaps_between_tiles_are_the_page_and_colours_stay() -> None:
    maps = coloured("kernels", 5, 5)
    maps.loc[(maps["y"] == 2), "value"] = np.nan
    figure = drawing("lab_fig4")(said("source", "Weights: w"), maps)
    (sheet,) = (one for one in shown(figure) if one.shape == (5, 5, 4))
    assert np.array_equal(sheet[:2, :, :3], picture(maps, "kernels")[:2])
    assert (sheet[2, :, 3] == 0).all()
    assert (sheet[[0, 1, 3, 4], :, 3] == 1).all()


@pytest.mark.parametrize("name", ["lab_fig4", "lab_fig5", "lab_fig6", "lab_fig7", "lab_fig8"])
@pytest.mark.parametrize(
    "text", ["STAND-IN: of digits", "OTHER WEIGHTS: mine", "Weights: torchvision's"]
)
def test_where_weights_are_from_stands_above_and_others_stand_out(name: str, text: str) -> None:
    maps = pd.concat([coloured("kernels", 5, 5), coloured("0", 5, 5)])
    figure = drawing(name)(said("source", text), maps)
    assert figure.get_suptitle() == text
    above = figure._suptitle
    assert (above.get_weight() == "bold") == (not text.startswith("Weights"))


def unit(outside: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    edges = {"top": 4.0, "left": 5.0, "bottom": 10.0, "right": 12.0}
    frame = pd.concat(
        [
            said("source", "s"),
            said("unit", "features.6, channel 20, neuron (5, 5)"),
            *(cell("seen", value, region=edge) for edge, value in edges.items()),
            cell("margin", 2.0),
            cell("contrast_mean", outside, region="outside"),
            cell("contrast", 0.25, region="inside", start="0"),
        ]
    )
    maps = pd.concat(
        [map_rows("curves", values(2, 6)), coloured("0", 16, 16), coloured("1", 16, 16, seed=1)]
    )
    return frame, maps


def test_what_a_neuron_sees_is_outlined_once_as_it_is_and_once_with_the_rolls() -> None:
    figure = drawing("lab_fig7")(*unit(0.0025))
    boxes = [
        (patch.get_xy(), patch.get_width(), patch.get_height())
        for patch in figure.axes[0].patches
        if isinstance(patch, Rectangle)
    ]
    assert boxes == [((4.5, 3.5), 7.0, 6.0), ((2.5, 1.5), 11.0, 10.0)]
    written = everything_written(figure)
    assert "activation of conv3, channel 20, neuron (5, 5)" in written
    assert "contrast inside 0.250" in written


def test_a_unit_that_sees_everything_is_not_outlined() -> None:
    figure = drawing("lab_fig7")(*unit(np.nan))
    assert not figure.axes[0].patches


def test_each_start_is_its_own_picture() -> None:
    frame, maps = unit(0.0025)
    figure = drawing("lab_fig8")(frame, maps)
    for name in ("0", "1"):
        wanted = picture(maps, name)
        assert any(np.array_equal(one[..., :3], wanted) for one in shown(figure))
    assert len(figure.axes[-1].lines) == 2


def test_the_kernel_of_a_channel_stands_beside_its_images() -> None:
    frame, maps = unit(np.nan)
    maps = pd.concat([maps, coloured("kernel", 11, 11, seed=5)])
    wanted = picture(maps, "kernel")
    assert any(
        np.array_equal(one[..., :3], wanted) for one in shown(drawing("lab_fig6")(frame, maps))
    )


def test_regressions_show_both_directions_with_their_numbers() -> None:
    rows = [
        cell(quantity, number, fit=fit, direction=direction, split=split)
        for fit in ("ridge", "descent")
        for split in ("train", "held-out")
        for direction, mse in (("cnn-to-snn", 0.025), ("snn-to-cnn", 0.33))
        for quantity, number in (("mse", mse), ("variance", 0.5), ("r2", 1 - 2 * mse))
    ]
    cka = cell("diagonal", 0.875, map="ann-snn").assign(layer="bn2")
    losses = map_rows("losses", values(2, 20), ("cnn-to-snn", "snn-to-cnn"))
    figure = drawing("lab_fig1")(pd.concat([*rows, cka]), losses)
    curves, errors, shares = figure.axes
    assert len(curves.lines) == 4  # a line and its last point for each direction
    heights = sorted({round(bar.get_height(), 3) for bar in errors.patches} - {0.0})
    assert heights == [0.025, 0.33]
    assert figure.get_suptitle().endswith("0.875")
    assert shares.get_title() == "R²"


def test_the_sheet_is_the_layer_of_the_network_that_is_shown() -> None:
    sheets = {name: values(9, 9, seed) - 0.5 for seed, name in enumerate(("relu", "lif"))}
    maps = pd.concat([map_rows("sheet-bn2", one, neuron=name) for name, one in sheets.items()])
    numbers = pd.concat(
        [
            cell("hoyer", n, neuron=neuron).assign(layer="bn2")
            for n, neuron in ((0.2, "relu"), (0.6, "lif"))
        ]
    )
    for name, neuron in (("lab_fig2", "relu"), ("lab_fig3", "lif")):
        figure = drawing(name)(numbers, maps)
        assert any(np.array_equal(one, sheets[neuron]) for one in shown(figure))
    assert {"0.20", "0.60"} <= set(words(figure))


def test_the_images_of_a_target_follow_by_rank_below_their_mean() -> None:
    maps = pd.concat(
        [coloured(f"neuron-{name}", 4, 4, seed) for seed, name in enumerate(("mean", "1", "2"))]
    )
    frame = pd.concat(
        [
            cell("activation", 0.75, target="neuron", rank="2"),
            said("neuron", "channel 0, row 2, column 1"),
        ]
    )
    figure = drawing("lab_fig9")(frame, maps)
    found = [one[..., :3] for one in shown(figure)]
    for name in ("mean", "1", "2"):
        assert any(np.array_equal(one, picture(maps, f"neuron-{name}")) for one in found)
    assert sum(axes.get_xlabel() == "0.75" for axes in figure.axes) == 1
