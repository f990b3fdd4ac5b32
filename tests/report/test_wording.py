"""Numbers as a reader meets them."""

from __future__ import annotations

import math

import pytest

from harness.report import wording


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (91.064, "percent", "91.06"),
        (-0.5, "percentage points", "−0.50"),
        (272474.0, "trainable numbers", "272\u202f474"),
        (4.0, "epoch, from 1", "4"),
        (0.123456, "", "0.1235"),
        (math.nan, "percent", "–"),
    ],
)
def test_numbers(value: float, unit: str, text: str) -> None:
    assert wording.number(value, unit) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.001, "0.00"), (-0.001, "0.00"), (1.2, "+1.20"), (-1.2, "−1.20")]
)
def test_a_difference_that_is_shown_as_zero_has_no_sign(value: float, text: str) -> None:
    assert wording.signed(value, "percent") == text


def test_levels_leave_out_what_a_cell_does_not_have() -> None:
    assert (
        wording.levels({"neuron": "lif", "depth": "20", "width": "2"}) == "SNN, depth 20, width ×2"
    )
    assert wording.levels({"neuron": "", "depth": "20", "width": "1"}) == "depth 20, width ×1"


@pytest.mark.parametrize(
    ("axis", "text", "level", "said"),
    [
        ("stages_without_shortcut", "no-stage", "no stage", "with all shortcuts"),
        ("stages_without_shortcut", "stage-2", "stage 2", "without shortcuts in stage 2"),
        ("one_step_stages", "stage-1-3", "stages 1 and 3", "one step in stages 1 and 3"),
        ("one_step_stages", "no-stage", "no stage", "all time steps in each stage"),
        ("recipe", "no-stage", "no-stage", "recipe no-stage"),
        ("one_step_stages", "", "", ""),
    ],
)
def test_lists_of_stages_are_read_as_words(axis: str, text: str, level: str, said: str) -> None:
    assert (wording.level(axis, text), wording.levels({axis: text})) == (level, said)


def test_lists() -> None:
    assert wording.listed(["a", "b", "c"]) == "a, b and c"


def test_names_are_sorted_by_their_numbers() -> None:
    names = ["figA10", "fig8", "tableD1", "figA2", "table1", "figA1", "fig10"]
    ordered = ["fig8", "fig10", "figA1", "figA2", "figA10", "table1", "tableD1"]
    assert sorted(names, key=wording.natural) == ordered
