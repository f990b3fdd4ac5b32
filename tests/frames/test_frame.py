"""From stored files to rows: what is there, what is not, and in which order."""

from __future__ import annotations

import math

import pytest

from harness.errors import ExitCode, HarnessError
from harness.frames.frame import Frame, frame_of
from harness.plan.expand import Plan
from tests.synthetic import SyntheticStore, plan


def framed(made: Plan, store: SyntheticStore, failures: dict[str, str] | None = None) -> Frame:
    return frame_of(made.exhibits[0], store, failures or {})


def test_cells_stand_in_the_order_of_the_grid_and_quantities_together() -> None:
    made = plan("table1")
    cells = framed(made, SyntheticStore(made)).cells
    here = cells[cells["quantity"] == "accuracy"]
    assert list(cells.columns[:3]) == ["neuron", "depth", "width"]
    assert list(here["depth"])[:6] == [20, 38, 56, 110, 164, 20]
    assert list(here["neuron"])[:6] == ["relu"] * 5 + ["lif"]
    assert list(here["width"])[10:] == [2, 4, 8, 16, 2, 4, 8, 16]
    assert list(dict.fromkeys(cells["quantity"])) == [
        "accuracy",
        "accuracy_last",
        "best_epoch",
        "parameters",
        "gap",
    ]


def test_the_shared_run_of_both_grids_is_one_row() -> None:
    made = plan("table1")
    runs = framed(made, SyntheticStore(made)).runs
    accuracy = runs[runs["quantity"] == "accuracy"]
    assert len(accuracy) == 18
    assert not accuracy.duplicated(["neuron", "depth", "width", "seed"]).any()


def test_the_measure_selects_the_epoch_and_the_other_stays() -> None:
    made = plan("table1")
    cells = framed(made, SyntheticStore(made)).cells.set_index("quantity")
    assert cells.loc["accuracy", "value"].iloc[0] == 91.06
    assert cells.loc["accuracy_last", "value"].iloc[0] == pytest.approx(90.81)


def test_stages_are_an_index_column_of_architectures() -> None:
    made = plan("tableD1")
    frame = framed(made, SyntheticStore(made))
    assert frame.index == ("depth", "stage")
    words = frame.cells[frame.cells["quantity"] == "cell"]
    assert len(words) == 30
    assert words["text"].iloc[1] == "(3x3,16; 3x3,16)x3"
    total = frame.cells[(frame.cells["stage"] == "total") & (frame.cells["quantity"] == "macs")]
    assert list(total["value"]) == [28_311_552.0 * n for n in (3, 6, 9, 18, 27)]


def test_a_run_that_failed_and_one_that_never_began_give_no_row_but_a_reason() -> None:
    made = plan("table1")
    store = SyntheticStore(made)
    failed, missing = (made.exhibits[0].points[n].key for n in (0, 1))
    del store.contents[failed], store.contents[missing]
    frame = framed(made, store, {failed: "diverged in epoch 3"})
    assert len(frame.cells[frame.cells["quantity"] == "accuracy"]) == 16
    assert len(frame.cells[frame.cells["quantity"] == "gap"]) == 7
    absent = {point.key: point.absence for point in frame.points if point.absence}
    assert absent[failed].reason == "diverged in epoch 3"
    assert absent[failed].failed
    assert absent[missing].reason == "nothing is stored under its key"
    assert not absent[missing].failed


def test_a_corrupt_file_is_a_reason_and_costs_only_its_own_cells() -> None:
    made = plan("table1")
    store = SyntheticStore(made)
    key = made.exhibits[0].points[2].key
    store.contents[key] = {"corrupt": True}
    frame = framed(made, store)
    absent = [point.absence for point in frame.points if point.absence]
    assert [one.reason.partition(": ")[2] for one in absent] == [
        "the content is not the one published"
    ]
    assert len(frame.cells[frame.cells["quantity"] == "accuracy"]) == 17


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (math.nan, "best_accuracy is nan"),
        (math.inf, "best_accuracy is inf"),
        (None, "best_accuracy is null, not a number"),
        (True, "best_accuracy is True, not a number"),
        ("91", "best_accuracy is '91', not a number"),
    ],
)
def test_a_value_that_is_no_number_becomes_a_reason(value: object, said: str) -> None:
    made = plan("table1")
    store = SyntheticStore(made)
    store.contents[made.exhibits[0].points[0].key]["best_accuracy"] = value
    cells = framed(made, store).cells
    first = cells.iloc[0]
    assert math.isnan(first["value"])
    assert first["why"] == f"seed 0: {said}"
    gap = cells[cells["quantity"] == "gap"].iloc[0]
    assert math.isnan(gap["value"])
    assert said in gap["why"]


def test_a_file_without_its_fields_is_an_error_with_the_node() -> None:
    made = plan("table1")
    store = SyntheticStore(made)
    key = made.exhibits[0].points[0].key
    del store.contents[key]["best_accuracy"]
    with pytest.raises(HarnessError, match=f"node {key[:8]}: metrics.json") as caught:
        framed(made, store)
    assert caught.value.code is ExitCode.RUN_FAILED


def test_nothing_stored_gives_an_empty_frame_with_its_columns() -> None:
    made = plan("table1")
    store = SyntheticStore(made)
    store.contents.clear()
    frame = framed(made, store)
    assert frame.cells.empty
    assert "why" in frame.cells.columns
    assert frame.curves == ()


def test_curves_are_those_of_the_trainings() -> None:
    made = plan("table1", "tableD1")
    store = SyntheticStore(made)
    curves = framed(made, store).curves
    assert len(curves) == 18
    assert len(curves[0].test) == 5
    assert curves[0].best_epoch == 4
    assert frame_of(made.exhibits[1], store, {}).curves == ()
