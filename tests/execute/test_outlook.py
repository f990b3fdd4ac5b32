"""What is left of a run, from what it has shown: worked out by hand, and on runs as they went."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.execute.events import Advanced, Failed, Finished, Retried, Started
from harness.execute.executor import Queue
from harness.execute.outlook import WARM_S, Outlook
from harness.parts.measurement import Numerics
from harness.plan.node import Node
from harness.runs.place import Progress

RECORDED = Path(__file__).parent / "recorded"
RIGHT = 0.3  # the share by which what is said to be left may be off


def node(key: str, kind: str = "train", *needs: str, **spec: Any) -> Node:
    return Node(key, kind, 1, spec, dict(zip(needs, needs, strict=True)), key, Numerics())


def outlook(
    seconds: Mapping[str, float], *nodes: Node, slots: int = 1, measured: tuple[str, ...] = ()
) -> tuple[Queue, Outlook]:
    queue = Queue(nodes or map(node, seconds), set(), seconds)
    return queue, Outlook(queue, slots, measured)


def begin(queue: Queue, look: Outlook, key: str, at: float, resumed: int = 0) -> None:
    queue.take(key)
    look.tell(Started(key, resumed), at)


def end(queue: Queue, look: Outlook, key: str, at: float) -> None:
    queue.finish(key)
    look.tell(Finished(key, 0.0, here=True), at)


def epoch(look: Outlook, key: str, done: int, of: int, at: float) -> None:
    look.tell(Advanced(key, Progress(done, of, "epoch")), at)


def test_before_anything_was_seen_the_estimates_stand() -> None:
    queue, look = outlook({"a": 100.0, "b": 50.0})
    assert look.left_s(0.0) == 150.0
    begin(queue, look, "a", 0.0)
    assert look.left_s(40.0) == 110.0 + WARM_S  # the first node of a worker


def test_a_node_is_extrapolated_from_its_own_epochs() -> None:
    queue, look = outlook({"a": 1000.0})
    begin(queue, look, "a", 0.0)
    for done in range(1, 4):
        epoch(look, "a", done, 10, 30.0 * done)
    assert look.left_s(90.0) == pytest.approx(210.0, rel=0.02)
    assert look.left_s(100.0) == pytest.approx(200.0, rel=0.02)
    assert look.each_left_s(100.0) == {"a": look.left_s(100.0)}


def test_it_is_never_nearer_to_its_end_than_its_next_report() -> None:
    queue, look = outlook({"a": 100.0})
    begin(queue, look, "a", 0.0)
    for done in (1, 2):
        epoch(look, "a", done, 10, 10.0 * done)
    assert look.left_s(30.0) == pytest.approx(70.0)  # the third epoch may end now
    assert look.left_s(60.0) > 70.0


def test_what_is_slow_says_that_others_of_its_kind_will_be() -> None:
    train, cka = node("a"), node("c", "cka")
    queue, look = outlook({"a": 100.0, "b": 100.0, "c": 100.0}, train, node("b"), cka)
    begin(queue, look, "a", 0.0)
    end(queue, look, "a", 300.0)
    assert look.left_s(300.0) == pytest.approx(600.0, rel=0.05)  # nothing was seen of another kind
    begin(queue, look, "c", 300.0)
    end(queue, look, "c", 350.0)
    assert look.left_s(350.0) == pytest.approx(300.0, rel=0.05)


def test_what_an_equal_run_took_is_corrected_by_its_like_alone() -> None:
    queue, look = outlook({"a": 100.0, "b": 100.0}, measured=("b",))
    begin(queue, look, "a", 0.0)
    end(queue, look, "a", 500.0)
    assert look.left_s(500.0) == 100.0


def test_the_warming_up_of_a_worker_is_no_measure_of_its_nodes() -> None:
    queue, look = outlook({"a": 10.0, "b": 10.0})
    begin(queue, look, "a", 0.0)
    epoch(look, "a", 1, 5, 11.0)
    assert look.left_s(11.0) == pytest.approx(18.0)  # 9 s were no epoch, as far as is known
    for done in range(2, 6):
        epoch(look, "a", done, 5, 9.0 + 2.0 * done)
    end(queue, look, "a", 19.0)
    assert look.left_s(19.0) == pytest.approx(10.0)


def test_a_first_report_that_is_late_says_that_all_is_slow() -> None:
    spec = {"recipe": {"epochs": 5}}
    queue, look = outlook({"a": 10.0, "b": 10.0}, node("a", **spec), node("b", **spec))
    begin(queue, look, "a", 0.0)
    assert look.left_s(28.0) == pytest.approx(180.0, rel=0.1)  # 20 s instead of 2, and on


def test_an_idle_worker_does_not_shorten_the_tail() -> None:
    nodes = node("long"), node("x"), node("after", "cka", "long")
    queue, look = outlook({"long": 100.0, "x": 10.0, "after": 20.0}, *nodes, slots=2)
    begin(queue, look, "long", 0.0)
    begin(queue, look, "x", 0.0)
    assert look.left_s(0.0) == 120.0 + WARM_S


def test_a_run_that_was_taken_up_again_did_not_do_all_of_it_now() -> None:
    queue, look = outlook({"a": 100.0})
    begin(queue, look, "a", 0.0, resumed=1)
    epoch(look, "a", 6, 10, 15.0)
    epoch(look, "a", 7, 10, 35.0)
    assert look.left_s(35.0) == pytest.approx(60.0, rel=0.1)


def test_what_ended_without_a_result_is_no_longer_waited_for() -> None:
    queue, look = outlook({"a": 100.0, "b": 100.0}, node("a"), node("b", "cka", "a"))
    begin(queue, look, "a", 0.0)
    look.tell(Retried("a", "died", 1, 3), 5.0)
    assert look.left_s(5.0) == 200.0
    look.tell(Started("a", 0), 6.0)
    queue.fail("a")
    look.tell(Failed("a", "broken"), 7.0)
    assert look.left_s(7.0) == 0.0


def replayed(record: Mapping[str, Any], asked: Sequence[float]) -> Iterator[float]:
    """What was said to be left at these shares of a run, as a ratio of what was left."""
    nodes = [
        node(key, one["kind"], *one["inputs"], **one["spec"])
        for key, one in record["nodes"].items()
    ]
    seconds = {key: one["seconds"] for key, one in record["nodes"].items()}
    queue, look = outlook(seconds, *nodes, slots=record["slots"])
    events = list(record["events"])
    over = events[-1][0]
    for share in asked:
        while events[0][0] <= share * over:
            at, key, *said = events.pop(0)
            if said == ["started"]:
                begin(queue, look, key, at)
            elif said == ["finished"]:
                end(queue, look, key, at)
            else:
                epoch(look, key, *said, at)
        yield look.left_s(share * over) / ((1 - share) * over)


@pytest.mark.parametrize("path", sorted(RECORDED.glob("*.json")), ids=lambda path: path.stem)
def test_it_is_right_after_the_first_tenth(path: Path) -> None:
    """Or, in a run of half a minute most of which is of a kind not seen by then, a quarter."""
    record = json.loads(path.read_text())
    for ratio in replayed(record, record["right_at"]):
        assert 1 - RIGHT < ratio < 1 + RIGHT


def test_what_nobody_can_estimate_is_taken_for_a_typical_node() -> None:
    queue, look = outlook({"a": 0.0, "b": 10.0, "c": 0.0}, slots=1)
    assert look.left_s(0) == 30
    begin(queue, look, "a", 0)
    assert look.left_s(0) > 0
    queue, look = outlook({"a": 0.0, "b": 0.0}, slots=1)
    begin(queue, look, "a", 0)
    assert look.left_s(5) > 0  # nothing is known, and nothing is divided by it
