"""One level is the largest or smallest of all; an extreme over half of the levels is none."""

from __future__ import annotations

from typing import Any

import pytest

from harness.spec.claim.extreme import Extreme
from tests.check.cells import Numbers, cells, tried

WIDTHS: Numbers = {(1,): 0.6, (2,): 0.5, (4,): 0.7, (8,): 0.4}
LAYERS: Numbers = {(1, "a"): 0.6, (8, "a"): 0.4, (1, "b"): 0.6, (8, "b"): 0.7}


def extreme(**fields: Any) -> Extreme:
    return Extreme(kind="extreme", quantity="q", basis="for a test", **fields)


@pytest.mark.parametrize(
    ("numbers", "test", "holds", "why"),
    [
        (WIDTHS, {"low": {"width": 8}}, True, "0.4 is below 0.5, 0.6 and 0.7"),
        (WIDTHS, {"low": {"width": 2}}, False, "below x1, not below x8"),
        (WIDTHS, {"low": {"width": 2}, "where": {"width": (1, 2, 4)}}, True, "x8 is not asked"),
        (WIDTHS, {"high": {"width": 4}}, True, "0.7 is above 0.6"),
        (WIDTHS, {"high": {"width": 8}}, False, "the smallest is not the largest"),
        ({**WIDTHS, (2,): 0.4}, {"low": {"width": 8}}, False, "two are the smallest"),
        ({**WIDTHS, (16,): "diverged"}, {"low": {"width": 8}}, None, "x16 might lie below"),
        ({**WIDTHS, (16,): "diverged"}, {"low": {"width": 2}}, False, "x8 refutes it already"),
        ({**WIDTHS, (8,): "diverged"}, {"low": {"width": 8}}, None, "the level has no number"),
        (WIDTHS, {"low": {"width": 16}}, None, "there is no such level"),
        ({(8,): 0.4}, {"low": {"width": 8}}, None, "one level is no extreme"),
    ],
)
def test_of_all_levels(
    numbers: Numbers, test: dict[str, Any], holds: bool | None, why: str
) -> None:
    found = tried(extreme(**test), cells(["width"], numbers))
    assert found.holds is holds, why
    assert bool(found.why) == (holds is None)


@pytest.mark.parametrize(("share", "holds"), [(1.0, False), (0.5, True)])
def test_at_each_level_of_another_axis(share: float, holds: bool) -> None:
    test = extreme(low={"width": 8}, each=("layer",), share=share)
    found = tried(test, cells(["width", "layer"], LAYERS, grid=["width"]))
    assert found.holds is holds
    assert found.said == "lead over the next: 1 of 2 (a: 0.200, b: −0.100); not at b: −0.100"


def test_a_level_that_was_planned_and_not_run_decides_nothing() -> None:
    measured = cells(["width"], WIDTHS, missing=[(16,)])
    assert tried(extreme(low={"width": 8}), measured).why == "no q at width 16"


@pytest.mark.parametrize(
    ("test", "chance"),
    [
        ({}, 1 / 4),
        ({"each": ("layer",)}, 1 / 4),
        ({"each": ("layer",), "where": {"layer": ("a", "b")}}, 1 / 4),
    ],
)
def test_noise_alone_makes_one_of_four_the_extreme(test: dict[str, Any], chance: float) -> None:
    numbers = {(*key, "a"): value for key, value in WIDTHS.items()}
    numbers |= {(*key, "b"): value for key, value in WIDTHS.items()} if "where" in test else {}
    places = 2 if "where" in test else 1
    found = tried(extreme(low={"width": 8}, **test), cells(["width", "layer"], numbers))
    assert found.noise == pytest.approx(chance**places)


def test_its_sentence() -> None:
    test = extreme(low={"width": 8}, where={"depth": 20}, each=("layer",))
    said = "q at depth 20 is smallest for width 8, of all levels of width, at each layer"
    assert test.sentence() == said
    assert extreme(high={"width": 8}).sentence() == (
        "q is largest for width 8, of all levels of width"
    )
