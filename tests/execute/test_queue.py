"""The queue: inputs first, longest first, and a failure takes only what needs it."""

from __future__ import annotations

from harness.execute.executor import Queue
from harness.plan.node import Node
from harness.spec.numerics import Numerics


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


def test_remaining_time_is_that_of_the_slots() -> None:
    nodes = [node(name) for name in "abcd"]
    queue = Queue(nodes, set(), dict.fromkeys("abcd", 10.0))
    assert queue.remaining_s(1) == 40.0
    assert queue.remaining_s(2) == 20.0
    assert queue.remaining_s(3) == 20.0
