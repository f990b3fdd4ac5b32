"""Maps become summaries: means over what is defined, stages, positions in a block, the diagonal."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from harness.frames.frame import Frame, frame_of
from tests.frames.stored import Stored, cells_of, residual
from tests.synthetic import plan

LAYERS = residual()
SIZE = len(LAYERS)
NAMES = [row["name"] for row in LAYERS]


def framed(values: Any, undefined: Any = (), layers_x: Any = LAYERS) -> Frame:
    made = plan("fig3")
    store = Stored(made)
    content = {"y": LAYERS, "x": layers_x, "undefined": list(undefined)}
    store.keep(made.exhibits[0].points[0], "cka.json", content, values=values)
    return frame_of(made.exhibits[0], store, {})


def numbered() -> Any:
    """value[y, x] = y + x / 100, so that every cell tells where it stands."""
    return np.arange(SIZE)[:, None] + np.arange(SIZE)[None, :] / 100


def test_a_map_of_two_networks_gives_its_summaries() -> None:
    values = numbered() / SIZE
    frame = framed(values)
    assert frame.index == ("depth", "map", "layer", "position", "stage_y", "stage_x")
    flat = sorted(values.ravel().tolist())
    assert cells_of(frame, "mean")["value"] == pytest.approx(math.fsum(flat) / len(flat))
    assert cells_of(frame, "mean")["map"] == "ann-snn"
    assert cells_of(frame, "undefined")["value"] == 0
    low = sum(one < 0.2 for one in flat) / len(flat)
    high = sum(one > 0.8 for one in flat) / len(flat)
    assert cells_of(frame, "share_below_0.2")["value"] == pytest.approx(low)
    assert cells_of(frame, "share_above_0.8")["value"] == pytest.approx(high)


def test_the_diagonal_goes_by_the_name_of_the_layer_in_execution_order() -> None:
    frame = framed(numbered())
    curve = frame.cells[frame.cells["quantity"] == "diagonal"]
    assert list(curve["layer"]) == NAMES
    assert list(curve["value"]) == pytest.approx([place * 1.01 for place in range(SIZE)])
    assert cells_of(frame, "diagonal_max")["value"] == pytest.approx((SIZE - 1) * 1.01)
    assert cells_of(frame, "diagonal_step")["value"] == pytest.approx(1.01)
    assert cells_of(frame, "diagonal_mean")["value"] == pytest.approx((SIZE - 1) * 1.01 / 2)


def test_positions_are_means_over_the_blocks_and_the_input_is_what_a_block_is_fed() -> None:
    frame = framed(numbered())
    at = {name: place for place, name in enumerate(NAMES)}
    for position, layers in {
        "input": ("bn1", "s1.b0"),
        "act1": ("s1.b0.relu1", "s2.b0.relu1"),
        "conv2": ("s1.b0.conv2", "s2.b0.conv2"),
        "output": ("s1.b0", "s2.b0"),
    }.items():
        expected = sum(at[name] for name in layers) / 2 * 1.01
        found = cells_of(frame, "position_mean", position=position)["value"]
        assert found == pytest.approx(expected), position


def test_each_block_counts_where_a_position_is_said_to_fall_every_time() -> None:
    curve = dict.fromkeys(NAMES, 0.9)
    curve |= {"s1.b0.relu1": 0.5, "s2.b0.relu1": 0.95, "s1.b0": 0.8}
    frame = framed(np.diag(list(curve.values())))
    falls = {
        "act1": 0.5,
        "conv1": 0.5,
        "bn1": 0.0,
        "output": 0.5,
    }  # s2.b0 is fed 0.8 and gives 0.95
    for position, share in falls.items():
        assert cells_of(frame, "position_falls", position=position)["value"] == share, position
    assert cells_of(frame, "position_min", position="act1")["value"] == 0.5
    assert cells_of(frame, "position_min", position="output")["value"] == 0.8
    assert "input" not in set(frame.cells.query("quantity == 'position_falls'")["position"])


def test_stages_are_rows_by_columns_and_never_mixed_up() -> None:
    frame = framed(numbered())
    rows = {1: range(2, 9), 2: range(9, 16)}
    for below in (1, 2):
        for across in (1, 2):
            cells = [y + x / 100 for y in rows[below] for x in rows[across]]
            levels = {"stage_y": f"s{below}", "stage_x": f"s{across}"}
            mean = sum(cells) / len(cells)
            assert cells_of(frame, "stage_mean", **levels)["value"] == pytest.approx(mean)
            # 42 pairs of rows differ by 1, 42 pairs of columns by 0.01
            assert cells_of(frame, "stage_step", **levels)["value"] == pytest.approx(0.505)


def test_a_bright_lattice_of_block_outputs_is_a_checkerboard() -> None:
    values = np.full((SIZE, SIZE), 0.25)
    outputs = [NAMES.index(name) for name in ("s1.b0", "s2.b0")]
    values[np.ix_(outputs, outputs)] = 1.0
    assert cells_of(framed(values), "checkerboard")["value"] == pytest.approx(0.75)
    assert cells_of(framed(np.ones((SIZE, SIZE))), "checkerboard")["value"] == 0


def test_an_undefined_cell_is_counted_named_and_left_out_of_means() -> None:
    values = np.full((SIZE, SIZE), 0.5)
    values[3, :] = math.nan
    why = "layer 's1.b0.conv1' is silent"
    undefined = [{"why": why, "y": [3] * SIZE, "x": list(range(SIZE))}]
    frame = framed(values, undefined)
    assert cells_of(frame, "mean")["value"] == 0.5
    assert cells_of(frame, "undefined")["value"] == SIZE
    cell = cells_of(frame, "diagonal", layer="s1.b0.conv1")
    assert math.isnan(cell["value"])
    assert why in cell["why"]
    assert cells_of(frame, "position_mean", position="conv1")["value"] == 0.5


def test_a_map_without_any_number_is_undefined_throughout() -> None:
    frame = framed(np.full((SIZE, SIZE), math.nan))
    assert frame.cells.loc[frame.cells["value"].isna(), "why"].ne("").all()
    assert cells_of(frame, "undefined")["value"] == SIZE**2


def test_networks_of_different_layers_have_no_diagonal() -> None:
    frame = framed(np.ones((SIZE, SIZE - 1)), layers_x=LAYERS[:-1])
    assert "diagonal" not in set(frame.cells["quantity"])
    assert cells_of(frame, "mean")["value"] == 1


def test_curves_are_kept_and_drawn_but_not_listed_on_the_page() -> None:
    from harness.check.compare import compare
    from harness.check.standard import Standard

    frame = framed(numbered())
    assert frame.fine == {"diagonal", "position_min", "position_falls"}
    listed = {cell.quantity for cell in compare(frame, Standard(None, None, "no golden"))}
    assert "diagonal" in set(frame.cells["quantity"])
    assert "diagonal" not in listed
    assert "diagonal_mean" in listed


def controlled(exhibit: str, *overrides: str, **arrays: Any) -> Frame:
    """Each run of an exhibit holds these maps, none of their cells undefined."""
    made = plan(exhibit, overrides=overrides)
    store = Stored(made)
    also = {name: {"undefined": []} for name in arrays if name != "values"}
    content = {"y": LAYERS, "x": LAYERS, "undefined": [], "also": also}
    for number, point in enumerate(made.exhibits[0].points):
        scaled = {name: np.asarray(one) / (1 + number) for name, one in arrays.items()}
        store.keep(point, "cka.json", content, **scaled)
    return frame_of(made.exhibits[0], store, {})


def test_each_estimate_is_a_map_of_its_own() -> None:
    flat = np.ones((SIZE, SIZE))
    arrays = {"values": 0.5 * flat, "corrected": 0.75 * flat, "biased": 0.875 * flat}
    frame = controlled("beyond-width", "depth=20", "width=1", **arrays)
    for name, value in {"ann-snn": 0.5, "ann-snn-corrected": 0.75, "ann-snn-biased": 0.875}.items():
        assert cells_of(frame, "mean", map=name)["value"] == value
        assert cells_of(frame, "diagonal", map=name, layer="s1.b0")["value"] == value
    assert frame.maps is not None
    assert [one.name for _, one in frame.maps.each] == [
        "ann-snn",
        "ann-snn-corrected",
        "ann-snn-biased",
    ]
    assert [one.matrix[0, 0] for _, one in frame.maps.each] == [0.5, 0.75, 0.875]
    assert cells_of(frame, "correction")["value"] == 0.25  # over what the measure adds


def test_an_estimate_of_the_sweep_is_undefined_for_its_own_reason() -> None:
    made = plan("beyond-input", overrides=("width=1",))
    store, values = Stored(made), np.full((SIZE, SIZE), 0.5)
    given = values.copy()
    given[0, :] = math.nan
    why = "layer 'conv1' has nothing beyond the pixels, so it is 0/0"
    undefined = [{"why": why, "y": [0] * SIZE, "x": list(range(SIZE))}]
    content = {"y": LAYERS, "x": LAYERS, "undefined": [],
               "also": {"given-pixels": {"undefined": undefined}}}  # fmt: skip
    arrays = {"values": values, "given-pixels": given}
    store.keep(made.exhibits[0].points[0], "cka.json", content, **arrays)
    frame = frame_of(made.exhibits[0], store, {})
    at = {"layer": "conv1"}
    assert cells_of(frame, "diagonal", map="ann-snn", **at)["value"] == 0.5
    assert why in cells_of(frame, "diagonal", map="ann-snn-given-pixels", **at)["why"]
    assert why in cells_of(frame, "of_pixels", **at)["why"]


def test_a_ratio_is_taken_per_layer_and_never_by_zero() -> None:
    """The maps of an exhibit are kept in the order of its measures, each a fraction of the first:
    ann-snn 1, ann-snn-same-seed 1/2, ann-ann 1/3, snn-snn 1/4.
    """
    values = np.eye(SIZE)
    values[1, 1] = 0.0
    frame = controlled("beyond-ceiling", values=values)
    assert cells_of(frame, "of_anns", layer="s1.b0")["value"] == pytest.approx(3)
    assert cells_of(frame, "of_snns", layer="s1.b0")["value"] == pytest.approx(4)
    assert cells_of(frame, "same_seed")["value"] == pytest.approx(0.5)
    assert cells_of(frame, "same_seed")["unit"] == "ratio"
    assert frame.fine >= {"diagonal", "of_anns", "of_snns"}  # one for each layer
    assert "ann-ann is 0" in cells_of(frame, "of_anns", layer=NAMES[1])["why"]
