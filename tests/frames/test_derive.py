"""Differences are taken seed by seed, between runs that differ in nothing else."""

from __future__ import annotations

import pytest

from harness.frames.frame import frame_of
from tests.synthetic import SyntheticStore, plan


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
