"""One place against another: by more than a margin, level by level."""

from __future__ import annotations

import math
from typing import Any

import pytest

from harness.spec.claim.compare import Compare
from tests.check.cells import Numbers, cells, tried

AXES = ["neuron", "epsilon"]
ATTACKED: Numbers = {
    ("relu", "0"): 91.06, ("relu", "0.001"): 87.99, ("relu", "0.005"): 72.81,
    ("lif", "0"): 89.67, ("lif", "0.001"): 87.77, ("lif", "0.005"): 80.72,
}  # fmt: skip
SNN_ABOVE = {"high": {"neuron": "lif"}, "low": {"neuron": "relu"}}


def compare(**fields: Any) -> Compare:
    return Compare(kind="compare", quantity="q", basis="for a test", **(SNN_ABOVE | fields))


def measured(numbers: Numbers):
    return cells(AXES, numbers, grid=["neuron"], unit="percent")


@pytest.mark.parametrize(
    ("test", "holds", "why"),
    [
        ({"along": ("epsilon",)}, False, "the SNN starts below"),
        ({"where": {"epsilon": 0.005}}, True, "80.72 > 72.81"),
        ({"where": {"epsilon": "0.005"}, "margin": 7.9}, True, "by 7.91"),
        ({"where": {"epsilon": 0.005}, "margin": 7.91}, False, "not by more than 7.91"),
        ({"where": {"epsilon": 0.005}, "most": 7.91}, False, "nor by less"),
        ({"where": {"epsilon": 0.005}, "margin": 7, "most": 8}, True, "between 7 and 8"),
        ({"along": ("epsilon",), "where": {"epsilon": (0.005,)}}, True, "the one that is named"),
        ({"along": ("epsilon",), "share": 0.33}, True, "one of three"),
        ({"where": {"epsilon": 0.02}}, None, "nothing was measured there"),
        ({"high": {"neuron": "plif"}, "where": {"epsilon": 0}}, None, "nor of such a neuron"),
    ],
)
def test_it_holds_or_not(test: dict[str, Any], holds: bool | None, why: str) -> None:
    found = tried(compare(**test), measured(ATTACKED))
    assert found.holds is holds, why
    assert bool(found.why) == (holds is None)


def test_sides_may_be_levels_of_any_axis() -> None:
    drop = {"high": {"epsilon": 0}, "low": {"epsilon": 0.005}}
    test = compare(**drop, where={"neuron": "relu"}, margin=18)
    found = tried(test, measured(ATTACKED))
    assert found.holds is True
    assert found.said == "high − low: 18.25"


def test_equal_values_are_not_larger() -> None:
    equal = measured({("relu", "0"): 91.06, ("lif", "0"): 91.06})
    assert tried(compare(along=("epsilon",)), equal).holds is False


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({("lif", "0.005"): "no run"}, "neuron lif: epsilon 0.005: no run"),
        ({("relu", "0.005"): "no run"}, "neuron relu: epsilon 0.005: no run"),
        ({("lif", "0.01"): 68.04}, "neuron relu: no q at epsilon 0.01"),
    ],
)
def test_a_side_that_lacks_is_undefined(change: Numbers, why: str) -> None:
    where = {"epsilon": (0.005, 0.01)} if ("lif", "0.01") in change else {"epsilon": (0.005,)}
    found = tried(compare(along=("epsilon",), where=where), measured({**ATTACKED, **change}))
    assert found.holds is None
    assert found.why == why


@pytest.mark.parametrize(("one", "other"), [("relu", "lif"), ("lif", "relu")])
def test_a_level_that_only_one_side_has_is_undefined(one: str, other: str) -> None:
    """Whichever side it is: an ε at which the ANN alone was attacked says nothing of both."""
    numbers: Numbers = {("relu", "0"): 9.0, ("lif", "0"): 9.5, (one, "1"): 9.0}
    found = tried(compare(along=("epsilon",)), measured(numbers))
    assert found.holds is None
    assert found.why == f"no q at neuron {other} beside 1"


def test_a_level_that_refutes_it_decides_beside_an_undefined_one() -> None:
    numbers = {**ATTACKED, ("lif", "0.005"): "no run"}
    assert tried(compare(along=("epsilon",)), measured(numbers)).holds is False


def test_its_sentence() -> None:
    assert compare(along=("epsilon",)).sentence() == (
        "q is larger for neuron lif than for neuron relu at each epsilon"
    )
    held = compare(where={"epsilon": 0.01}, margin=0.5, most=2)
    assert held.sentence() == (
        "q at epsilon 0.01 is larger for neuron lif than for neuron relu"
        " by more than 0.5 and less than 2"
    )


def test_noise_bears_out_a_sign_as_often_as_a_coin_and_a_margin_as_large_as_the_noise() -> None:
    along = {"along": ("epsilon",)}
    assert tried(compare(**along), measured(ATTACKED)).noise == 1 / 8
    assert tried(compare(**along, share=0.6), measured(ATTACKED)).noise == 1 / 2
    assert math.isnan(tried(compare(**along, margin=7), measured(ATTACKED)).noise)
