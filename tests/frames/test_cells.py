"""Cells are means over all planned seeds, or undefined with the reason."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

from harness.frames.cells import RUN_COLUMNS, cells, tidy
from harness.frames.frame import frame_of
from tests.synthetic import SyntheticStore, plan

PLANNED = [({"depth": 20}, seed) for seed in (0, 1, 2)]


def runs(*values: float, text: str | None = None, why: str = "") -> pd.DataFrame:
    content: list[dict[str, Any]] = [
        {
            "depth": 20,
            "seed": seed,
            "key": "k",
            "quantity": "accuracy",
            "value": value,
            "text": text,
            "unit": "percent",
            "why": why,
        }
        for seed, value in enumerate(values)
    ]
    return tidy(content, ("depth",), RUN_COLUMNS)


def test_mean_and_sample_standard_deviation() -> None:
    cell = cells(runs(90.0, 91.0, 95.0), ("depth",), PLANNED).iloc[0]
    assert cell["value"] == 92.0
    assert cell["std"] == pytest.approx(math.sqrt(7))  # ((-2)² + (-1)² + 3²) / 2
    assert cell["n"] == 3


def test_one_seed_has_no_spread() -> None:
    cell = cells(runs(90.0), ("depth",), PLANNED[:1]).iloc[0]
    assert cell["value"] == 90.0
    assert math.isnan(cell["std"])
    assert cell["why"] == ""


def test_the_mean_of_those_that_survived_is_not_the_mean() -> None:
    cell = cells(runs(90.0, 91.0), ("depth",), PLANNED).iloc[0]
    assert math.isnan(cell["value"])
    assert cell["why"] == "1 of 3 seeds have no value (2)"


def test_one_undefined_seed_makes_the_cell_undefined() -> None:
    frame = runs(90.0, 91.0, math.nan)
    frame.loc[2, "why"] = "diverged"
    cell = cells(frame, ("depth",), PLANNED).iloc[0]
    assert math.isnan(cell["value"])
    assert cell["why"] == "seed 2: diverged"


def test_words_must_agree_between_seeds() -> None:
    frame = runs(math.nan, math.nan, math.nan, text="3x3,16")
    assert cells(frame, ("depth",), PLANNED).iloc[0]["text"] == "3x3,16"
    frame.loc[1, "text"] = "5x5,16"
    cell = cells(frame, ("depth",), PLANNED).iloc[0]
    assert pd.isna(cell["text"])
    assert cell["why"] == "the seeds disagree: 3x3,16, 5x5,16"


def test_the_gap_is_taken_per_seed_and_has_no_neuron() -> None:
    made = plan("table1", overrides=("seed=0,1,2",))
    store = SyntheticStore(made, {0: 0.0, 1: 0.5, 2: -0.5})
    frame = frame_of(made.exhibits[0], store, {})
    gaps = frame.runs[frame.runs["quantity"] == "gap"]
    assert len(gaps) == 27
    assert gaps["neuron"].isna().all()
    assert gaps["unit"].eq("percentage points").all()
    cell = frame.cells[frame.cells["quantity"] == "gap"].iloc[0]
    assert cell["value"] == pytest.approx(1.39)
    assert cell["std"] == pytest.approx(0.0, abs=1e-9)  # the noise is that of the seed: paired
    assert cell["n"] == 3


def test_a_seed_without_both_sides_has_no_gap() -> None:
    made = plan("table1")
    store = SyntheticStore(made)
    lif = next(p for p in made.exhibits[0].points if p.axes["neuron"] == "lif")
    del store.contents[lif.key]
    frame = frame_of(made.exhibits[0], store, {})
    gaps = frame.runs[frame.runs["quantity"] == "gap"]
    assert len(gaps) == 8
