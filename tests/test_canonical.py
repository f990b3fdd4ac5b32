"""One text for one value: independent of order, injective, closed to what is not JSON."""

from __future__ import annotations

import json
import math
from enum import IntEnum, StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.canonical import (
    DEEPEST,
    LARGEST,
    canonical_json,
    digest,
    identity_key,
    is_key,
    short,
)
from harness.errors import HarnessError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-LARGEST, LARGEST)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4)
)


class Colour(StrEnum):
    RED = "red"


class Level(IntEnum):
    LOW = 1


def same(left: object, right: object) -> bool:
    """Equal as JSON values: 1, 1.0 and True are three, and so are 0.0 and -0.0."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, float) and isinstance(right, float):
        return left == right and math.copysign(1, left) == math.copysign(1, right)
    return left == right


def reordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: reordered(value[key]) for key in reversed(value)}
    return [reordered(item) for item in value] if isinstance(value, list) else value


@given(VALUES)
def test_the_text_reads_back_as_the_same_value(value: object) -> None:
    assert same(json.loads(canonical_json(value)), value)


@given(VALUES, VALUES)
def test_two_values_share_a_text_only_if_they_are_the_same(left: object, right: object) -> None:
    assert (canonical_json(left) == canonical_json(right)) is same(left, right)


@given(VALUES)
def test_the_order_of_keys_does_not_matter(value: object) -> None:
    assert canonical_json(reordered(value)) == canonical_json(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [True, None]}, '{"a":[true,null],"b":1}'),
        (1, "1"),
        (1.0, "1.0"),
        (-0.0, "-0.0"),
        (0.0, "0.0"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e16, "1e+16"),
        ("é\u2028\n", '"é\u2028\\n"'),
        ({}, "{}"),
    ],
)
def test_the_text_is_pinned(value: object, text: str) -> None:
    assert canonical_json(value) == text


def test_digests_are_pinned_since_stores_outlive_versions() -> None:
    assert digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    key = identity_key("train", 1, {"epochs": 3, "lr": 0.1}, {"data": "0" * 64})
    assert key == "686e422d97a80ad52ca61d9e43fa464e5fd3185bf7ed0896c7fd264344afddcb"
    assert is_key(key)
    assert short(key) == "686e422d"


@pytest.mark.parametrize("part", ["kind", "revision", "spec", "inputs"])
def test_every_part_of_an_identity_enters_its_key(part: str) -> None:
    parts: dict[str, Any] = {"kind": "train", "revision": 1, "spec": {"a": 1}, "inputs": {}}
    other = {"kind": "probe", "revision": 2, "spec": {"a": 2}, "inputs": {"a": "0" * 64}}
    assert identity_key(**parts) != identity_key(**{**parts, part: other[part]})


@pytest.mark.parametrize(
    ("value", "place", "problem"),
    [
        (math.nan, "value", "nan has no JSON form"),
        ({"recipe": {"lr": math.inf}}, "recipe.lr", "inf has no JSON form"),
        ({"a": [1, (2,)]}, "a[1]", "tuple ((2,)) is not a JSON type"),
        (Colour.RED, "value", "Colour"),
        ({"level": Level.LOW}, "level", "Level"),
        ({1: 2}, "value", "a key is int (1)"),
        ({Colour.RED: 2}, "value", "a key is Colour"),
        (b"bytes", "value", "bytes"),
        ({1, 2}, "value", "set"),
        (2**63, "value", "64 bits"),
        pytest.param(10**5000, "value", "64 bits", id="5001 digits"),
        ("\ud800", "value", "not valid Unicode"),
        ({"\ud800": 1}, "value", "not valid Unicode"),
    ],
)
def test_what_is_not_json_is_refused_with_its_place(
    value: object, place: str, problem: str
) -> None:
    with pytest.raises(HarnessError) as caught:
        canonical_json(value)
    assert caught.value.where == place
    assert problem in caught.value.problem


def test_a_value_without_an_end_is_refused() -> None:
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(HarnessError, match=f"more than {DEEPEST} levels"):
        canonical_json(endless)


@pytest.mark.parametrize(
    "text", ["", "0" * 63, "0" * 65, "G" * 64, "A" * 64, "0" * 64 + "\n", "../x"]
)
def test_only_a_key_looks_like_a_key(text: str) -> None:
    assert not is_key(text)
