"""Two quantities agree by their ranks over what both have, never by their sizes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from harness.spec.claim.agreement import Agreement
from tests.check.cells import Cells, Numbers, cells, tried

TIME: Numbers = {("a",): 0.9, ("b",): 0.5, ("c",): 0.2}


def agreement(**fields: Any) -> Agreement:
    said = {"kind": "agreement", "quantity": "q", "other": "p", "along": "layer"} | fields
    return Agreement(**said, basis="for a test")


def both(first: Numbers, second: Numbers) -> Cells:
    q = cells(["layer"], first, grid=["depth"])
    p = cells(["layer"], second, quantity="p")
    return replace(q, cells=pd.concat([q.cells, p.cells]))


@pytest.mark.parametrize(
    ("second", "test", "holds", "why"),
    [
        ({("a",): 3.0, ("b",): 0.2, ("c",): 0.1}, {"above": 0}, True, "the order of the first"),
        ({("a",): 0.1, ("b",): 0.2, ("c",): 3.0}, {"above": 0}, False, "the reverse order"),
        ({("a",): 0.1, ("b",): 0.2, ("c",): 3.0}, {"below": -0.9}, True, "ρ is −1"),
        ({("c",): 0.1, ("a",): 3.0, ("b",): 0.2}, {"above": 0.9}, True, "by layer, not by place"),
        ({("a",): 2.0, ("b",): 3.0, ("c",): 1.0}, {"above": 0.5}, False, "ρ is 0.5 itself"),
        (
            {("z",): 0.0, ("a",): 3.0, ("b",): 2.0, ("c",): 1.0},
            {"above": 0},
            True,
            "z has no first quantity",
        ),
        ({("a",): 3.0, ("b",): 0.2}, {"above": 0}, None, "two points are no order"),
        ({("a",): 1.0, ("b",): 1.0, ("c",): 1.0}, {"above": 0}, None, "a constant has no ranks"),
        ({("a",): 3.0, ("b",): "silent", ("c",): 1.0}, {"above": 0}, None, "b might lie anywhere"),
    ],
)
def test_by_ranks(second: Numbers, test: dict[str, Any], holds: bool | None, why: str) -> None:
    found = tried(agreement(**test), both(TIME, second))
    assert found.holds is holds, why
    assert bool(found.why) == (holds is None)


def test_noise_alone_orders_three_alike_in_one_of_six_cases() -> None:
    found = tried(agreement(above=0.9), both(TIME, {("a",): 3.0, ("b",): 2.0, ("c",): 1.0}))
    assert found.noise == pytest.approx(1 / 6)
    assert found.said == (
        "ρ = +1.00 over 3 points (least and most of the first: c: 0.200 and 1.000, "
        "a: 0.900 and 3.000)"
    )


def test_its_sentence() -> None:
    said = "Spearman's ρ of q and p over layer at time_steps 4 is above 0"
    assert agreement(above=0, where={"time_steps": 4}).sentence() == said
