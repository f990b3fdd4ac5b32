"""The schedule against hand-computed ones, its bounds, and the order that the executors keep."""

from __future__ import annotations

import heapq
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import HarnessError
from harness.execute.executor import Queue
from harness.plan.node import Node
from harness.plan.schedule import Machines, parse_machines, simulate, waves
from harness.spec.numerics import Numerics


def node(name: str, *needs: str) -> Node:
    return Node(name, "train", 1, {}, {need: need for need in needs}, name, Numerics())


SEVEN = [node(name) for name in "abcdefg"]
DIAMOND = [node("a"), node("b", "a"), node("c", "a"), node("d", "b", "c")]


@pytest.mark.parametrize(
    ("nodes", "seconds", "slots", "makespan"),
    [
        ([node(name) for name in "abc"], {"a": 3.0, "b": 2.0, "c": 1.0}, 1, 6.0),
        # a | b c: the longest alone, the others after each other
        ([node(name) for name in "abc"], {"a": 3.0, "b": 2.0, "c": 1.0}, 2, 3.0),
        # Graham's example of the bound 4/3 - 1/(3m): 5 5 4 4 3 3 3 on 3 slots takes 11, 9 is best
        (SEVEN, {"a": 5.0, "b": 5.0, "c": 4.0, "d": 4.0, "e": 3.0, "f": 3.0, "g": 3.0}, 3, 11.0),
        # a, then c (5) beside b (1), then d
        (DIAMOND, {"a": 2.0, "b": 1.0, "c": 5.0, "d": 1.0}, 2, 8.0),
        (DIAMOND, {"a": 2.0, "b": 1.0, "c": 5.0, "d": 1.0}, 1, 9.0),
        # a chain goes before a longer node: x x | y y y z, and not y first
        ([node("x"), node("z", "x"), node("y")], {"x": 1.0, "z": 9.0, "y": 6.0}, 1, 16.0),
        ([node("x"), node("z", "x"), node("y")], {"x": 1.0, "z": 9.0, "y": 6.0}, 2, 10.0),
        ([], {}, 4, 0.0),
    ],
)
def test_schedules_worked_out_by_hand(
    nodes: list[Node], seconds: dict[str, float], slots: int, makespan: float
) -> None:
    assert simulate(nodes, seconds, slots).makespan_s == makespan


def test_the_critical_path_is_named_from_its_first_node_on() -> None:
    made = simulate(DIAMOND, {"a": 2.0, "b": 1.0, "c": 5.0, "d": 1.0}, 2)
    assert made.critical == ("a", "c", "d")
    assert made.critical_s == 8.0
    assert made.work_s == 9.0
    assert made.utilisation == pytest.approx(9 / 16)
    assert made.bound_s == 8.0


def test_an_input_that_is_stored_is_waited_for_by_nobody() -> None:
    made = simulate([node("b", "stored")], {"b": 4.0, "stored": 100.0}, 1)
    assert (made.makespan_s, made.critical) == (4.0, ("b",))


@st.composite
def plans(draw: st.DrawFn) -> tuple[list[Node], dict[str, float]]:
    """Up to 14 nodes, each of which may need any before it."""
    count = draw(st.integers(1, 14))
    nodes = []
    for index in range(count):
        needs = draw(st.sets(st.integers(0, index - 1), max_size=3)) if index else set()
        nodes.append(node(f"n{index}", *(f"n{one}" for one in sorted(needs))))
    times = draw(st.lists(st.integers(0, 50), min_size=count, max_size=count))
    return nodes, {one.key: float(time) for one, time in zip(nodes, times, strict=True)}


@given(plans(), st.integers(1, 5))
@settings(max_examples=150, deadline=None)
def test_it_keeps_within_its_bounds_and_breaks_no_rule(
    plan: tuple[list[Node], dict[str, float]], slots: int
) -> None:
    nodes, seconds = plan
    made = simulate(nodes, seconds, slots)
    assert made.makespan_s >= made.bound_s - 1e-9
    graham = made.work_s / slots + (1 - 1 / slots) * made.critical_s  # Graham 1966, theorem 1
    assert made.makespan_s <= graham + 1e-9
    when = {one.key: one for one in made.placed}
    assert set(when) == {one.key for one in nodes}
    for one in nodes:
        assert all(when[key].end_s <= when[one.key].start_s for key in one.inputs.values())
    for slot in range(slots):
        mine = [one for one in made.placed if one.slot == slot]
        assert all(a.end_s <= b.start_s for a, b in pairwise(mine))


@given(plans(), st.integers(1, 4))
@settings(max_examples=100, deadline=None)
def test_its_order_is_the_one_that_the_queue_keeps(
    plan: tuple[list[Node], dict[str, float]], slots: int
) -> None:
    nodes, seconds = plan
    queue, started = Queue(nodes, set(), seconds), []
    running: list[tuple[float, int, str]] = []
    now = 0.0
    while not queue.is_over:
        while len(running) < slots and (one := queue.next()) is not None:
            heapq.heappush(running, (now + seconds[one.key], len(started), one.key))
            started.append((one.key, now))
        now = running[0][0]
        while running and running[0][0] == now:
            queue.finish(heapq.heappop(running)[2])
    made = simulate(nodes, seconds, slots)
    assert [(one.key, one.start_s) for one in made.placed] == started


def test_waves_need_only_those_before_the_longest_first() -> None:
    nodes = [node("m", "t1", "t2"), node("t1"), node("t2"), node("n", "m"), node("k", "stored")]
    seconds = {"m": 1.0, "t1": 2.0, "t2": 9.0, "n": 1.0, "k": 20.0}
    made = [[one.key for one in wave] for wave in waves(nodes, seconds)]
    assert made == [["k", "t2", "t1"], ["m"], ["n"]]


def test_machines_are_typed_as_machines_x_slots() -> None:
    assert parse_machines("8x4") == Machines(8, 4)
    assert (parse_machines("8x4").slots, str(parse_machines("8x4"))) == (32, "8x4")


@pytest.mark.parametrize(
    "typed", ["", "8", "8x", "x4", "0x4", "8x0", "-8x4", "8X4", "8x4 ", "1e3x4"]
)
def test_what_is_no_number_of_machines_is_refused(typed: str) -> None:
    with pytest.raises(HarnessError, match="8x4"):
        parse_machines(typed)
