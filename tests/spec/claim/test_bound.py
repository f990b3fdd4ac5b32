"""Bounds hold strictly, at the share of places asked for, and never by default."""

from __future__ import annotations

from typing import Any

import pytest

from harness.spec.claim.bound import Bound
from tests.check.cells import Numbers, cells, tried

CURVE: Numbers = {("a",): 0.4, ("b",): 0.6, ("c",): 0.8, ("d",): 1.0}


def bound(**fields: Any) -> Bound:
    return Bound(kind="bound", quantity="q", basis="for a test", **fields)


@pytest.mark.parametrize(
    ("numbers", "test", "holds", "why"),
    [
        (CURVE, {"above": 0.3}, True, "all four lie above"),
        (CURVE, {"above": 0.4}, False, "0.4 does not lie above 0.4"),
        (CURVE, {"above": 0.4, "share": 0.75}, True, "three of four do"),
        (CURVE, {"above": 0.6, "share": 0.75}, False, "two of four do not suffice"),
        (CURVE, {"below": 1.0}, False, "1.0 does not lie below 1.0"),
        (CURVE, {"below": 1.0, "above": 0.4, "share": 0.5}, True, "two of four lie between"),
        (CURVE, {"above": 0.5, "where": {"layer": ("b", "c")}}, True, "only those two are asked"),
        ({**CURVE, ("e",): "constant"}, {"above": 0.3}, None, "e may lie above or not"),
        ({**CURVE, ("e",): "constant"}, {"above": 0.5}, False, "a refutes it, whatever e is"),
        ({**CURVE, ("e",): "constant"}, {"above": 0.5, "share": 0.6}, True, "3 of 5 without e"),
        ({**CURVE, ("e",): "constant"}, {"above": 0.5, "share": 0.8}, None, "4 of 5 only with e"),
        ({("e",): "constant"}, {"above": 0.5}, None, "there is no number at all"),
        (CURVE, {"above": 0.5, "where": {"layer": ("c", "z")}}, None, "z is asked for, not there"),
    ],
)
def test_a_bound_along_a_curve(
    numbers: Numbers, test: dict[str, Any], holds: bool | None, why: str
) -> None:
    found = tried(bound(along=("layer",), **test), cells(["layer"], numbers, grid=["depth"]))
    assert found.holds is holds, why
    assert bool(found.why) == (holds is None)


@pytest.mark.parametrize(
    ("where", "holds"),
    [({"depth": 20}, True), ({"depth": 164}, False), ({"depth": 38}, None)],
)
def test_a_bound_at_one_place(where: dict[str, int], holds: bool | None) -> None:
    measured = cells(["depth"], {(20,): 0.95, (164,): 0.9})
    assert tried(bound(above=0.9, where=where), measured).holds is holds


def test_a_place_that_is_several_cells_is_undefined() -> None:
    measured = cells(["depth", "width"], {(20, 1): 0.95, (20, 2): 0.9})
    found = tried(bound(above=0.5, where={"depth": 20}), measured)
    assert found.holds is None
    assert found.why == "several cells of q: hold more axes"


def test_two_axes_are_every_pair_of_their_levels() -> None:
    numbers: Numbers = {(4, "s1"): 0.9, (4, "s2"): 0.7, (8, "s1"): 0.8}
    axes, where = ["time_steps", "layer"], {"layer": ("s1", "s2")}
    test = bound(along=tuple(axes), above=0.6, where=where)
    found = tried(test, cells(axes, numbers, grid=["time_steps"]))
    assert found.holds is None
    assert found.why == "no q at time_steps 8, layer s2"
    complete = cells(axes, {**numbers, (8, "s2"): 0.65}, grid=["time_steps"])
    assert tried(test, complete).holds is True


def test_a_planned_run_without_cells_is_not_forgotten() -> None:
    measured = cells(["depth"], {(20,): 0.9, (38,): 0.8}, missing=[(56,)])
    assert tried(bound(along=("depth",), above=0.5), measured).why == "no q at depth 56"


def test_layers_differ_from_depth_to_depth() -> None:
    """Without a list of levels, each depth brings its own layers; none is missed at another."""
    measured = cells(["depth", "layer"], {(20, "a"): 0.9, (38, "b"): 0.8}, grid=["depth"])
    assert tried(bound(along=("depth", "layer"), above=0.5), measured).holds is True


def test_what_was_measured_is_said() -> None:
    few = tried(bound(along=("layer",), above=0.5), cells(["layer"], CURVE))
    assert few.said == "3 of 4 (a: 0.400, b: 0.600, c: 0.800, d: 1.000); not at a: 0.400"
    many: Numbers = {(n,): n / 100 for n in range(100)}
    found = tried(bound(along=("place",), above=0.095), cells(["place"], many))
    assert found.said == (
        "90 of 100 (90 %; least 0: 0.000, most 99: 0.990, median 0.500); not at 0: 0.000 and 9 more"
    )
    one = tried(bound(above=0.5, where={"depth": 20}), cells(["depth"], {(20,): 0.25}))
    assert one.said == "0.250"
    percent = cells(["depth"], {(20,): 91.06}, unit="percent")
    assert tried(bound(above=0.5), percent).said == "91.06"


@pytest.mark.parametrize(
    ("kept", "of", "percent"),
    [(61, 73, 84), (6, 9, 67), (3, 9, 33), (10, 16, 63), (999, 1000, 99), (1, 1000, 1), (9, 9, 100),
     (0, 9, 0)],
)  # fmt: skip
def test_a_share_is_told_to_the_nearest_percent_and_is_all_or_none_only_if_it_is(
    kept: int, of: int, percent: int
) -> None:
    numbers: Numbers = {(n,): float(n < kept) for n in range(of)}
    found = tried(bound(along=("place",), above=0.5), cells(["place"], numbers))
    assert found.said.startswith(f"{kept} of {of} ({percent} %;")


def test_its_sentence() -> None:
    test = bound(along=("layer",), where={"depth": 20}, above=0.5, share=0.5)
    assert test.sentence() == "q at depth 20 is above 0.5 at 50 % or more of the levels of layer"
    test = bound(along=("time_steps",), where={"one_step_stages": "stage-3"}, above=2, below=4)
    assert (
        test.sentence() == "q at one_step_stages stage-3 is above 2 and below 4 at each time_steps"
    )
    assert bound(below=0.2).sentence() == "q is below 0.2"
