"""A claim that cannot mean anything is refused before a run."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from harness.spec.claim import Predicate

BOUND = {"kind": "bound", "quantity": "q", "along": ("depth",), "above": 0.5, "basis": "b"}
COMPARE = {"kind": "compare", "quantity": "q", "high": {"neuron": "lif"}, "low": {"neuron": "relu"}}
SPREAD = {"kind": "spread", "quantity": "q", "along": "depth", "below": 1.0, "basis": "b"}
RANKS = {"kind": "rank_correlation", "quantity": "q", "along": "depth", "below": 0.0}
EXTREME = {"kind": "extreme", "quantity": "q", "low": {"width": 8}}
AGREEMENT = RANKS | {"kind": "agreement", "other": "p"}


def made(fields: dict[str, Any]) -> Any:
    return TypeAdapter(Predicate).validate_python(fields, strict=True)


@pytest.mark.parametrize("fields", [BOUND, COMPARE, SPREAD, RANKS, EXTREME, AGREEMENT])
def test_these_mean_something(fields: dict[str, Any]) -> None:
    assert made(fields).kind == fields["kind"]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (BOUND | {"basis": ""}, "a threshold other than 0 needs its basis"),
        (SPREAD | {"basis": ""}, "a threshold other than 0 needs its basis"),
        (RANKS | {"below": -0.5}, "a threshold other than 0 needs its basis"),
        (COMPARE | {"margin": 1.0}, "a threshold other than 0 needs its basis"),
        (BOUND | {"above": None}, "needs a bound"),
        (BOUND | {"below": 0.5}, "no number lies above 0.5 and below 0.5"),
        (BOUND | {"share": 0.0}, "greater than 0"),
        (BOUND | {"where": {"width": (1, 2)}}, "several levels of 'width', which it does not run"),
        (BOUND | {"where": {"depth": ()}}, "an empty list of levels of 'depth'"),
        (COMPARE | {"low": {"neuron": "lif"}}, "high and low are the same place"),
        (COMPARE | {"low": {"depth": 20}}, "high and low must hold the same axes"),
        (COMPARE | {"where": {"neuron": "lif"}}, "'neuron' is held by high and low"),
        (COMPARE | {"along": ("neuron",)}, "'neuron' is held by high and low"),
        (COMPARE | {"margin": 2.0, "most": 1.0, "basis": "b"}, "nothing is more than 2 and less"),
        (
            BOUND | {"share": 0.5, "above": 0.0, "basis": ""},
            "a share of the places needs its basis",
        ),
        (COMPARE | {"share": 1e-12, "along": ("depth",)}, "a share of the places needs its basis"),
        (COMPARE | {"margin": -1e9, "basis": "b"}, "a margin below 0 needs most"),
        (RANKS | {"below": None}, "needs a bound: above, below or both"),
        (RANKS | {"below": 0.5, "above": 0.5, "basis": "b"}, "no number lies above 0.5"),
        (RANKS | {"below": None, "above": -1.0, "basis": "b"}, "greater than -1"),
        (RANKS | {"below": 1.0, "basis": "b"}, "less than 1"),
        (SPREAD | {"each": ("depth",)}, "'depth' stands in each and in along"),
        (SPREAD | {"below": 0.0}, "greater than 0"),
        (AGREEMENT | {"below": None}, "needs a bound: above, below or both"),
        (EXTREME | {"low": {}}, "needs high or low, and one of them only"),
        (EXTREME | {"high": {"width": 1}}, "needs high or low, and one of them only"),
        (EXTREME | {"low": {"width": 8, "depth": 20}}, "at most 1"),
        (EXTREME | {"each": ("width",)}, "'width' stands in each and in low"),
    ],
)
def test_these_do_not(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        made(fields)
