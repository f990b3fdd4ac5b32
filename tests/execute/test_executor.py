"""Pins say what a machine must carry for which nodes; the queue takes inputs first, longest first,
and a failure takes only what needs it.
"""

from __future__ import annotations

import pytest

from harness.errors import HarnessError
from harness.execute.executor import Crew, Pin, Queue, parse_pins
from harness.parts.measurement import Numerics
from harness.plan.node import Node


def test_pins_are_for_a_kind_or_for_all() -> None:
    assert parse_pins(["pool=big", "train:ray.io/accelerator-type=H100"]) == (
        Pin(None, "pool", "big"),
        Pin("train", "ray.io/accelerator-type", "H100"),
    )


def test_a_pin_of_the_kind_beats_a_general_one_and_a_later_an_earlier() -> None:
    crew = Crew(pins=parse_pins(["train:pool=a", "pool=b", "zone=x", "train:pool=c"]))
    assert crew.labels("train") == {"pool": "c", "zone": "x"}
    assert crew.labels("cka") == {"pool": "b", "zone": "x"}
    assert Crew().labels("train") == {}


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("pool", "LABEL=VALUE"),
        ("pool=", "LABEL=VALUE"),
        ("=big", "LABEL=VALUE"),
        ("a b=c", "LABEL=VALUE"),
        ("pool=big;rm", "LABEL=VALUE"),
        ("trian:pool=big", "did you mean 'train'"),
    ],
)
def test_what_is_no_pin_is_refused(typed: str, said: str) -> None:
    with pytest.raises(HarnessError, match=said):
        parse_pins([typed])


def node(name: str, *needs: str) -> Node:
    return Node(name, "train", 1, {}, {need: need for need in needs}, name, Numerics())


def drain(queue: Queue) -> list[str]:
    order = []
    while (one := queue.next()) is not None:
        order.append(one.key)
        queue.finish(one.key)
    return order


def test_longest_first() -> None:
    nodes = [node("short"), node("long"), node("middle")]
    queue = Queue(nodes, set(), {"short": 1.0, "middle": 5.0, "long": 9.0})
    assert drain(queue) == ["long", "middle", "short"]
    assert queue.is_over


def test_a_short_node_that_much_waits_for_goes_before_a_longer_one() -> None:
    nodes = [node("first"), node("after", "first"), node("alone")]
    queue = Queue(nodes, set(), {"first": 1.0, "after": 9.0, "alone": 5.0})
    assert drain(queue)[0] == "first"


def test_a_node_waits_for_its_inputs() -> None:
    queue = Queue([node("b", "a"), node("a")], set(), {"b": 9.0})
    assert queue.next().key == "a"  # type: ignore[union-attr]
    assert queue.next() is None
    queue.finish("a")
    assert queue.next().key == "b"  # type: ignore[union-attr]


def test_stored_nodes_are_not_run_and_count_as_there() -> None:
    assert drain(Queue([node("b", "a"), node("a")], {"a"}, {})) == ["b"]


def test_a_failure_takes_all_that_need_it_and_nothing_else() -> None:
    nodes = [node("a"), node("b", "a"), node("c", "b"), node("d")]
    queue = Queue(nodes, set(), {"a": 9.0})
    assert queue.next().key == "a"  # type: ignore[union-attr]
    assert {lost.key for lost in queue.fail("a")} == {"b", "c"}
    assert drain(queue) == ["d"]
    assert queue.is_over
