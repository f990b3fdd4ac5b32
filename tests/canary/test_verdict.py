"""The canary fails for what differs, and says which trace, at which step, by how much."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from harness.canary.verdict import judged
from tests.canary.made import HERE, LOSS, kept, trace

ELSEWHERE = {**HERE, "arithmetic": {"model": "B"}}


def said(*done: Any, against: Any, here: Any = ELSEWHERE) -> list[str]:
    return [one.sentence for one in judged(done, against, here).findings]


UNLIKE = "bits are not compared: the values kept are of another class of processor"


def with_loss(step: int, value: Any) -> Any:
    return trace(exact={**trace().exact, "loss": [*LOSS[:step], value, *LOSS[step + 1 :]]})


def test_equal_numbers_hold_anywhere() -> None:
    for here in (HERE, ELSEWHERE):
        verdict = judged([trace()], kept(trace()), here)
        notes = () if here is HERE else (UNLIKE,)
        assert (verdict.findings, verdict.notes) == ((), notes)
        assert verdict.largest == {
            "train f64": 0.0,
            "train f32 loss": 0.0,
            "train f32 gradient": 0.0,
        }


def test_a_value_that_moved_is_said_with_its_step_and_by_how_much() -> None:
    found = said(with_loss(3, 1.751), against=kept(trace()))
    assert found == [
        "lif: step 3, loss 1.751 instead of 1.75, 0.0005 relative, tolerance 1e-09",
    ]


@pytest.mark.parametrize("apart", [0.9e-9, -0.9e-9])
def test_rounding_is_no_finding(apart: float) -> None:
    assert said(with_loss(0, 2.0 * (1 + apart)), against=kept(trace())) == []


@pytest.mark.parametrize("value", [math.nan, math.inf, None, "word"])
def test_what_is_no_number_is_found(value: Any) -> None:
    (found,) = said(with_loss(5, value), against=kept(trace()))
    assert found.startswith("lif: step 5, loss ")


def test_an_undefined_value_that_becomes_a_number_is_found() -> None:
    (found,) = said(trace(), against=kept(with_loss(5, None)))
    assert "instead of undefined" in found


def test_traces_and_quantities_are_joined_by_name() -> None:
    other = trace(name="relu")
    assert said(trace(), against=kept(trace(), other)) == [
        "relu: was not run, and values are kept of it"
    ]
    assert said(trace(), other, against=kept(trace())) == [
        "relu: no values of kind train are kept of it"
    ]
    fewer = trace(exact={"loss": LOSS}, real={})
    assert said(fewer, against=kept(trace())) == [
        "lif: gradient is missing",
        "lif: gradient projected is missing",
    ]
    assert said(trace(), against=kept(fewer)) == [
        "lif: gradient is new: no value is kept of it",
        "lif: gradient projected is new: no value is kept of it",
    ]
    shorter = trace(exact={**trace().exact, "loss": LOSS[:20]}, real={})
    assert said(shorter, against=kept(trace())) == ["lif: loss has 20 values instead of 24"]


def test_a_run_that_fails_is_a_finding() -> None:
    broken = trace(exact={}, real={}, problem="HarnessError: lif decay")
    assert said(broken, against=kept(trace())) == ["lif: does not run: HarnessError: lif decay"]


def forced(count: int, value: float) -> Any:
    """`count` of the twelve forced steps have another gradient."""
    real = {**trace().real["f32"], "gradient": [value] * count + [0.5] * (12 - count)}
    return trace(real={"f32": real})


@pytest.mark.parametrize("value", [0.5001, math.nan])
def test_forced_steps_alarm_from_seven_of_twelve(value: float) -> None:
    assert said(forced(6, value), against=kept(trace())) == []
    (found,) = said(forced(7, value), against=kept(trace()))
    assert found.startswith("lif: f32: gradient of most of 12 steps")


def test_a_projection_is_held_relative_to_its_norm() -> None:
    real = {**trace().real["f32"], "gradient projected": [-0.010002] * 12}
    assert said(trace(real={"f32": real}), against=kept(trace())) == []  # 2e-6 / 0.5
    real["gradient projected"] = [-0.01001] * 12
    assert len(said(trace(real={"f32": real}), against=kept(trace()))) == 1


def test_a_measure_in_real_arithmetic_is_held_value_by_value() -> None:
    exact = {"cka": [1.0, 0.5]}
    near = trace(kind="cka", exact=exact, real={"f32": {"cka": [1.0, 0.500009]}})
    far = replace(near, real={"f32": {"cka": [1.0, 0.5002]}})
    assert said(near, against=kept(near)) == []
    assert said(far, against=kept(near)) == ["lif: f32: cka 0.0002 from float64, tolerance 1e-05"]


def test_other_bits_on_the_same_processor_are_a_finding_by_themselves() -> None:
    moved = with_loss(3, math.nextafter(LOSS[3], 0))
    assert said(moved, against=kept(trace())) == []
    (found,) = said(moved, against=kept(trace()), here=HERE)
    assert found.startswith("lif: other bits on the class of processor of the kept values")


def test_other_versions_are_told_and_judged_by_tolerances() -> None:
    moved = with_loss(3, math.nextafter(LOSS[3], 0))
    older = kept(trace(), environment={**HERE, "packages": {"torch": "2.14.0"}})
    verdict = judged([moved], older, HERE)
    assert verdict.findings == ()
    assert verdict.notes == (
        "other bits than kept in 1 traces, by other versions: torch 2.15.0 instead of 2.14.0",
    )
