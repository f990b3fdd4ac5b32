"""Maps with the names that a pointer reads, their axes, and each set of cells once."""

from __future__ import annotations

import math
from typing import Any

import pytest

from harness.frames.frame import frame_of
from harness.report.maps import MapsView, Packed, maps_view
from tests.frames.stored import Stored, layer
from tests.plan.test_measures import OPEN
from tests.report.test_pack import unpacked
from tests.synthetic import SyntheticStore, plan


def viewed(store: Any) -> MapsView | None:
    (planned,) = store.plan.exhibits
    return maps_view(planned, frame_of(planned, store, {}))


def square(name: str) -> Stored:
    store = Stored(plan(name))
    rows = [layer("conv1"), layer("bn1")]
    for number, point in enumerate(store.plan.exhibits[0].points):
        values = [[0.5, 0.25], [0.125, number / 100]]
        content = {"y": rows, "x": rows, "undefined": []}
        store.keep(point, "cka.json", content, values=values)
    return store


def test_a_map_has_its_axes_and_names_and_cells() -> None:
    view = viewed(square("fig2"))
    assert view is not None
    first = view.described["maps"][0]
    assert first["title"] == "depth 20, width ×1"
    assert first["x"]["caption"] == "SNN layer"
    assert first["y"]["caption"] == "ANN layer"
    assert view.described["labels"] == [("conv1", "bn1")]
    packed = Packed(view.packed[first["cells"]], first["low"], first["step"])
    assert unpacked(packed, 2, 2) == [[0.5, 0.25], [0.125, 0.0]]
    assert view.rounding == "Values are rounded to 0.001, so they are off by at most 0.0005."


def test_a_map_has_the_widths_of_its_intervals_where_a_run_keeps_errors() -> None:
    store = Stored(plan("fig2"))
    values, se = [[1.0, 0.6], [0.0, math.nan]], [[0.0, 0.04], [0.1, math.nan]]
    rows = [layer("conv1"), layer("bn1")]
    for point in store.plan.exhibits[0].points:
        content = {"y": rows, "x": rows, "undefined": []}
        store.keep(point, "cka.json", content, values=values, se=se)
    view = viewed(store)
    assert view is not None
    packed = view.described["maps"][0]["interval"]
    found = unpacked(Packed(view.packed[packed["cells"]], packed["low"], packed["step"]), 2, 2)
    assert packed["step"] == 0.01
    assert 10 ** found[0][1] == pytest.approx(1.96 * 0.04 / (1 - 0.6**2), rel=0.03)
    assert 10 ** found[1][0] == pytest.approx(1.96 * 0.1, rel=0.03)
    assert [math.isnan(one) for row in found for one in row] == [True, False, False, True]
    assert "says nothing of other seeds" in view.said
    assert viewed(square("fig2")).said == ""  # type: ignore[union-attr]


def test_the_sides_of_a_map_are_called_by_the_neurons_of_its_point() -> None:
    store = Stored(plan("fig2", profile="smoke", changed={"fig2": OPEN}))
    for point in store.plan.exhibits[0].points:
        content = {"y": [layer("bn1")], "x": [layer("bn1")], "undefined": []}
        store.keep(point, "cka.json", content, values=[[0.5]])
    view = viewed(store)
    assert view is not None
    said = {(one["title"], one["x"]["caption"], one["y"]["caption"])
            for one in view.described["maps"]}  # fmt: skip
    assert ("lif-text, neuron.threshold 0.5", "lif-text layer", "ANN layer") in said
    assert len(said) == 6


def test_measures_tell_their_maps_apart() -> None:
    view = viewed(square("figC1"))
    assert view is not None
    titles = [one["title"] for one in view.described["maps"]]
    assert titles[:2] == ["ANN, init0-init0", "ANN, init1-init1"]
    assert view.described["maps"][0]["x"]["caption"] == "ANN layer"


@pytest.mark.parametrize(
    ("least", "greatest", "scale"),
    [(0.0, 0.0, (0.0, 1.0)), (-1.25, 384.0, (-10.0, 390.0)), (20.0, 20.0, (20.0, 21.0))],
)
def test_gram_matrices_have_a_scale_of_round_numbers(
    least: float, greatest: float, scale: tuple[float, float]
) -> None:
    store = Stored(plan("fig1"))
    gram = [[greatest, least], [least, greatest]]
    arrays = {"gram_x": gram, "gram_y": gram, "images": [[[[0.5]]] * 3]}
    content = {"cka": 0.7, "why": "", "layer": "s1.b0", "images": 2}
    store.keep(store.plan.exhibits[0].points[0], "workflow.json", content, **arrays)
    view = viewed(store)
    assert view is not None
    snn, ann = view.described["maps"]  # and no picture among them
    assert [one["title"][-3:] for one in (snn, ann)] == ["SNN", "ANN"]
    assert (snn["scale"], snn["unit"]) == (scale, "product of features")


def test_maps_over_time_are_named_by_their_layer() -> None:
    store = Stored(plan("fig6"))
    for point in store.plan.exhibits[0].points:
        steps = int(point.axes["time_steps"])
        arrays = {"s1.b0": [[1.0] * steps] * steps}
        store.keep(point, "cka.json", {"layers": ["s1.b0"]}, **arrays)
    view = viewed(store)
    assert view is not None
    assert view.described["maps"][0]["title"] == "time steps 4"
    assert view.described["maps"][0]["x"]["caption"] == "time step"


def test_an_exhibit_without_maps_has_no_view() -> None:
    assert viewed(SyntheticStore(plan("table1"))) is None
    assert viewed(Stored(plan("fig2"))) is None


def test_a_map_of_very_many_cells_has_a_digit_less(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.report.maps.LARGE", 3)
    view = viewed(square("fig2"))
    assert view is not None
    assert view.described["maps"][0]["step"] == 0.01
    assert view.rounding == "Values are rounded to 0.01, so they are off by at most 0.005."
