"""Maps as a tidy frame: each cell once, mean over the seeds, the same bytes every time."""

from __future__ import annotations

import gzip
import io
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from harness.errors import HarnessError
from harness.frames.frame import Frame, frame_of
from harness.frames.maps import ENDS, Maps
from harness.measures.reading import Map
from harness.plan.expand import Plan
from tests.frames.stored import Stored, layer
from tests.synthetic import plan

THREE = [layer(name) for name in ("conv1", "bn1", "pool")]
TWO = THREE[:2]


def keep(store: Stored, number: int, values: Any, y: Any = THREE, x: Any = TWO) -> None:
    point = store.plan.exhibits[0].points[number]
    store.keep(point, "cka.json", {"y": y, "x": x, "undefined": []}, values=values)


def framed(made: Plan, store: Stored) -> Frame:
    return frame_of(made.exhibits[0], store, {})


def table(frame: Frame) -> pd.DataFrame:
    assert isinstance(frame.maps, Maps)
    return frame.maps.table


def test_rows_are_y_columns_are_x_and_every_cell_stands_once() -> None:
    made = plan("fig3")
    store = Stored(made)
    keep(store, 0, np.arange(6.0).reshape(3, 2))
    cells = table(framed(made, store))
    columns = ["depth", "map", "y", "x", "label_y", "label_x", "value", "low", "high"]
    assert list(cells.columns) == columns
    assert cells["low"].isna().all()  # a run of before keeps no standard errors
    found = {(row.label_y, row.label_x): row.value for row in cells.itertuples()}
    assert found == {
        ("conv1", "conv1"): 0.0,
        ("conv1", "bn1"): 1.0,
        ("bn1", "conv1"): 2.0,
        ("bn1", "bn1"): 3.0,
        ("pool", "conv1"): 4.0,
        ("pool", "bn1"): 5.0,
    }
    assert set(cells["depth"]) == {110}
    assert set(cells["map"]) == {"ann-snn"}


def test_seeds_are_averaged_and_a_hole_in_one_is_a_hole() -> None:
    made = plan("fig3", overrides=("seed=0,1",))
    store = Stored(made)
    keep(store, 0, np.zeros((3, 2)))
    keep(store, 1, np.array([[1.0, math.nan], [1.0, 1.0], [1.0, 1.0]]))
    values = table(framed(made, store))["value"].to_list()
    assert values[0] == 0.5
    assert math.isnan(values[1])


def test_a_map_that_lacks_a_seed_is_left_out() -> None:
    made = plan("fig2", overrides=("depth=20,38", "width=1", "seed=0,1"))
    store = Stored(made)
    for number, point in enumerate(made.exhibits[0].points):
        if (point.axes["depth"], point.seed) != (38, 1):
            keep(store, number, np.zeros((3, 2)))
    assert set(table(framed(made, store))["depth"]) == {20}


def test_seeds_with_other_layers_are_an_error() -> None:
    made = plan("fig3", overrides=("seed=0,1",))
    store = Stored(made)
    keep(store, 0, np.zeros((3, 2)))
    keep(store, 1, np.zeros((2, 2)), y=TWO)
    with pytest.raises(HarnessError, match="maps of different layers"):
        framed(made, store)


def test_nothing_stored_is_an_empty_table_and_no_measure_of_maps_none() -> None:
    made = plan("fig3", "table1")
    empty = frame_of(made.exhibits[0], Stored(made), {})
    assert table(empty).empty
    assert frame_of(made.exhibits[1], Stored(made), {}).maps is None


def test_time_wise_maps_are_called_by_their_layer() -> None:
    made = plan("fig6", overrides=("time_steps=4",))
    store = Stored(made)
    content = {"layers": ["s1.b0", "s1.b1"], "undefined": {}}
    arrays = {"s1.b0": np.eye(4), "s1.b1": np.full((4, 4), 0.5)}
    store.keep(made.exhibits[0].points[0], "cka.json", content, **arrays)
    cells = table(framed(made, store))
    assert list(dict.fromkeys(cells["map"])) == ["s1.b0", "s1.b1"]
    assert list(dict.fromkeys(cells["label_x"])) == ["1", "2", "3", "4"]
    assert set(cells["time_steps"]) == {4}


def test_the_file_has_the_same_bytes_every_time_and_every_cell() -> None:
    made = plan("fig3")
    store = Stored(made)
    keep(store, 0, np.array([[1 / 3, math.nan], [0.0, 1.0], [0.25, 0.5]]))
    one, two = (framed(made, store).maps for _ in range(2))
    assert one is not None
    assert two is not None
    assert one.csv_gz == two.csv_gz
    text = gzip.decompress(one.csv_gz).decode()
    assert text.splitlines()[1] == "110,ann-snn,0,0,conv1,conv1,0.3333333"
    read = pd.read_csv(io.StringIO(text))
    assert len(read) == 6
    assert read["value"].isna().sum() == 1


def test_a_large_map_is_built_by_columns() -> None:
    made = plan("fig3")
    store = Stored(made)
    many = [layer(f"l{number}") for number in range(577)]
    keep(store, 0, np.random.default_rng(0).random((577, 577)), y=many, x=many)
    cells = table(framed(made, store))
    assert len(cells) == 577**2
    assert cells["y"].dtype == np.int64


def test_a_mean_over_seeds_has_the_mean_of_the_errors_and_the_file_none_of_it() -> None:
    made = plan("fig3", overrides=("seed=0,1",))
    store = Stored(made)
    points = [one for one in made.exhibits[0].points if one.axes["depth"] == 110]
    content = {"y": TWO, "x": TWO, "undefined": []}
    for point, value, se in zip(points, (0.5, 0.75), (0.125, 0.0625), strict=True):
        arrays = {"values": np.full((2, 2), value), "se": np.full((2, 2), se)}
        store.keep(point, "cka.json", content, **arrays)
    frame = framed(made, store)
    by = 1.959964 * 0.09375 / (1 - 0.625**2)
    cell = table(frame).iloc[0]
    assert cell["low"] == pytest.approx(math.tanh(math.atanh(0.625) - by))
    assert cell["high"] == pytest.approx(math.tanh(math.atanh(0.625) + by))
    assert frame.maps is not None
    assert b"low" not in gzip.decompress(frame.maps.csv_gz).splitlines()[0]
    place = list(frame.cells["quantity"]).index("diagonal")
    assert frame.se[place] == 0.09375
    assert "se" not in {*frame.cells.columns, *frame.runs.columns}
    store.keep(points[0], "cka.json", content, values=np.full((2, 2), 0.5))  # one of before
    assert table(framed(made, store))["low"].isna().all()


def test_the_lines_are_those_that_pandas_writes() -> None:
    values = np.array([[1 / 3, math.nan, -0.0], [math.inf, 1e-9, 12345678.9], [1, 0.5, 2e20]])
    labels = ["conv1", 'a "name"', "%s, 3"]
    one = Map("ann-snn", labels, labels, values, "layer", ("relu", "lif"))
    levels = ({"epsilon": 0.05, "depth": 20}, {"epsilon": 1e-7, "depth": 110})
    maps = Maps(("epsilon", "depth"), tuple((level, one) for level in levels))
    tidy = maps.table.drop(columns=[*ENDS])
    expected = tidy.to_csv(index=False, lineterminator="\n", float_format="%.7g")
    assert gzip.decompress(maps.csv_gz).decode() == expected
