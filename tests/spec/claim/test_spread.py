"""Largest less smallest along an axis."""

from __future__ import annotations

from typing import Any

import pytest

from harness.spec.claim.spread import Spread
from tests.check.cells import Numbers, cells, tried

LAST_STAGE: Numbers = {(4,): 87.41, (8,): 87.78, (16,): 87.38, (32,): 87.73}  # spread 0.40
CURVES: Numbers = {(4, "a"): 0.9, (8, "a"): 0.95, (4, "b"): 0.5, (8, "b"): 0.7}  # 0.05 and 0.20


def spread(**fields: Any) -> Spread:
    return Spread(kind="spread", quantity="q", along="time_steps", basis="for a test", **fields)


@pytest.mark.parametrize(
    ("numbers", "below", "holds", "why"),
    [
        (LAST_STAGE, 1.0, True, "0.40 is below 1"),
        (
            LAST_STAGE,
            0.4,
            False,
            "0.40 is not below 0.40, though binary makes it 0.4000000000000057",
        ),
        (LAST_STAGE, 0.3, False, "0.40 is above"),
        ({**LAST_STAGE, (64,): "diverged"}, 1.0, None, "T = 64 might widen it"),
        ({**LAST_STAGE, (64,): "diverged"}, 0.3, False, "it is too wide without T = 64"),
        ({(4,): 87.41}, 1.0, None, "one number has no spread"),
    ],
)
def test_along_an_axis(numbers: Numbers, below: float, holds: bool | None, why: str) -> None:
    found = tried(spread(below=below), cells(["time_steps"], numbers, unit="percent"))
    assert found.holds is holds, why


@pytest.mark.parametrize(("share", "holds"), [(1.0, False), (0.5, True)])
def test_at_each_level_of_another_axis(share: float, holds: bool) -> None:
    test = spread(each=("layer",), below=0.1, share=share)
    found = tried(test, cells(["time_steps", "layer"], CURVES, grid=["time_steps"]))
    assert found.holds is holds
    assert found.said == "largest − smallest: 1 of 2 (a: 0.050, b: 0.200); not at b: 0.200"


def test_a_missing_run_leaves_each_level_undefined() -> None:
    axes, grid = ["time_steps", "layer"], ["time_steps"]
    measured = cells(axes, CURVES, grid=grid, missing=[(16, "a")])
    found = tried(spread(each=("layer",), below=0.3, where={"layer": ("a", "b")}), measured)
    assert found.holds is None
    assert found.why == "no q at layer a, time_steps 16"


def test_its_sentence() -> None:
    assert spread(below=1, where={"one_step_stages": "stage-3"}).sentence() == (
        "q at one_step_stages stage-3 spreads by less than 1 over time_steps"
    )
    assert spread(below=0.1, each=("layer",)).sentence() == (
        "q spreads by less than 0.1 over time_steps at each layer"
    )
