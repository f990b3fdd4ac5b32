"""The reason for a run: the nearest stored node, in fields that a reader of the spec knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.canonical import short
from harness.plan.node import Node
from harness.store.manifest import Manifest, Provenance, describe
from harness.store.why import ABSENT, Cause, Change, Precedents, Reason

BASE: Mapping[str, object] = {
    "depth": 20,
    "recipe": {"epochs": 200, "lr": 0.1, "mean": [0.5, 0.4]},
    "stages": [{"width": 16}, {"width": 32}],
}


def train(spec: Mapping[str, object] = BASE, revision: int = 1, data: str = "a" * 64) -> Node:
    return Node.of("train", revision, spec, {"data": data})


def why(node: Node, manifests: Iterable[Manifest]) -> Reason:
    return Precedents(manifests).why(node)


def stored(identity: Node, minutes: int = 0) -> Manifest:
    when = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    return describe(identity, Provenance(when, 1.0), {}, resumed=0)


def recipe(**changes: object) -> dict[str, object]:
    old = BASE["recipe"]
    assert isinstance(old, dict)
    return {**BASE, "recipe": {**old, **changes}}


def test_a_stored_node_has_nothing_to_run() -> None:
    reason = why(train(), [stored(train())])
    assert (reason.cause, reason.runs, str(reason)) == (Cause.STORED, False, "stored")


@pytest.mark.parametrize("others", [[], [stored(Node.of("probe", 1, {}, {}))]])
def test_the_first_of_its_kind(others: list[Manifest]) -> None:
    reason = why(train(), others)
    assert (reason.cause, reason.runs) == (Cause.FIRST, True)
    assert str(reason) == "no train run is stored yet"


@pytest.mark.parametrize(
    ("wanted", "cause", "text"),
    [
        (train(recipe(epochs=300)), Cause.SPEC, "recipe.epochs 200 -> 300"),
        (train(recipe(mean=[0.5])), Cause.SPEC, "recipe.mean [0.5,0.4] -> [0.5]"),
        (train(recipe(warmup=5)), Cause.SPEC, f"recipe.warmup {ABSENT} -> 5"),
        (train({**BASE, "depth": 20.0}), Cause.SPEC, "depth 20 -> 20.0"),
        (
            train({**BASE, "stages": [{"width": 16}, {"width": 64}]}),
            Cause.SPEC,
            "stages.1.width 32 -> 64",
        ),
        (
            train({**BASE, "a.b": {"c d": 1}}),
            Cause.SPEC,
            f'"a.b"."c d" {ABSENT} -> 1',
        ),
        (train(revision=2), Cause.REVISION, "code revision 1 -> 2"),
        (train(data="b" * 64), Cause.INPUTS, "input data aaaaaaaa -> bbbbbbbb"),
        (
            train(recipe(epochs=300), data="b" * 64),
            Cause.SPEC,
            "input data aaaaaaaa -> bbbbbbbb, recipe.epochs 200 -> 300",
        ),
    ],
)
def test_the_fields_that_differ_are_named(wanted: Node, cause: Cause, text: str) -> None:
    reason = why(wanted, [stored(train())])
    assert reason.cause is cause
    assert str(reason) == f"{text} since {short(train().key)}"


def test_the_nearest_is_the_one_with_the_fewest_differing_fields() -> None:
    near = train(recipe(epochs=300))
    far = train(recipe(epochs=300, lr=0.2))
    wanted = train(recipe(epochs=300, mean=[0.1, 0.1]))
    reason = why(wanted, [stored(far, minutes=9), stored(near)])
    assert reason.nearest == near.key
    assert reason.changes == (Change("recipe.mean", "[0.5,0.4]", "[0.1,0.1]"),)


def test_a_field_on_one_side_only_counts_as_one() -> None:
    with_more = train({**BASE, "a": 1, "b": 2})  # two fields away
    with_other = train({**BASE, "depth": 56})  # one field away
    assert why(train(), [stored(with_more, 9), stored(with_other)]).nearest == with_other.key


@pytest.mark.parametrize("newest", [0, 1, 2])
def test_of_equally_near_ones_the_newest(newest: int) -> None:
    rows = [train(recipe(epochs=epochs)) for epochs in (1, 2, 3)]
    manifests = [stored(row, minutes=5 * (index == newest)) for index, row in enumerate(rows)]
    assert why(train(), manifests).nearest == rows[newest].key


def test_a_long_value_is_clipped_in_the_sentence_only() -> None:
    reason = why(train({**BASE, "depth": "x" * 500}), [stored(train())])
    assert len(str(reason)) < 100
    assert len(reason.changes[0].new) == 502


FLAT = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 2), max_size=6)


def differing(left: Mapping[str, int], right: Mapping[str, int]) -> int:
    return sum(left.get(name) != right.get(name) for name in left.keys() | right.keys())


@given(st.lists(FLAT, min_size=1, max_size=8), FLAT)
def test_bits_count_what_a_plain_comparison_counts(
    rows: list[dict[str, int]], wanted: dict[str, int]
) -> None:
    by_key = {train(row).key: row for row in rows}
    reason = Precedents(stored(train(row)) for row in rows).why(train(wanted))
    assert reason.nearest is not None
    found = differing(by_key[reason.nearest], wanted)
    assert found == min(differing(row, wanted) for row in rows) == len(reason.changes)


def test_asking_does_not_change_later_answers() -> None:
    precedents = Precedents([stored(train())])
    wanted = [train(recipe(epochs=epochs, new=epochs)) for epochs in range(5)]
    first: list[Reason] = [precedents.why(node) for node in wanted]
    assert [precedents.why(node) for node in reversed(wanted)] == first[::-1]
    assert precedents.why(replace(train())).cause is Cause.STORED
