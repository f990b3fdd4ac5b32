"""Worker processes that die: what was running has failed, and everything else goes on."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from harness.execute import local
from harness.execute.events import Event, Failed, Finished, Retried, Started
from harness.execute.executor import Queue
from harness.execute.job import Job
from harness.execute.local import ATTEMPTS, LOOK_S, LOOKS, IdleCard, Local, always
from harness.parts.measurement import Numerics
from harness.plan.node import Node
from tests.execute import mortal

Hear = Callable[[Event], object]


@pytest.fixture(autouse=True)
def nothing_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "serve", mortal.serve)


def node(name: str, *needs: str, kind: str = "lives") -> Node:
    return Node(name, kind, 1, {}, {need: need for need in needs}, name, Numerics())


def job(folder: Path, node: Node) -> Job:
    return Job(node, folder, folder, 1, {}, {})


def let_end(folder: Path, *keys: str) -> None:
    for key in keys:
        (folder / f"{key}.end").touch()


def kill_workers(pid: int | None = None) -> None:
    """All that there are, or one; they are gone when this returns."""
    for process in multiprocessing.active_children():
        if pid in (None, process.pid):
            process.kill()
            process.join()


def run(
    nodes: list[Node],
    folder: Path,
    *,
    slots: int = 1,
    joins: Callable[[], bool] = always,
    heard: Hear = lambda event: None,
    made: Callable[[Node], object] = lambda node: None,
) -> tuple[list[Event], Mapping[str, Failed]]:
    """All events, and the failures; `made` is called just before a node is handed over."""
    told: list[Event] = []

    def tell(event: Event | None) -> None:
        if event is not None:
            told.append(event)
            heard(event)

    def make_job(node: Node) -> Job:
        made(node)
        return job(folder, node)

    failures = Local(slots, joins)(Queue(nodes, set(), {}), make_job, tell)
    assert multiprocessing.active_children() == []
    return told, failures


def finished(told: list[Event]) -> list[str]:
    return [one.key for one in told if isinstance(one, Finished)]


def retried(told: list[Event]) -> list[tuple[str, int]]:
    return [(one.key, one.attempt) for one in told if isinstance(one, Retried)]


def test_a_worker_that_is_killed_while_it_is_idle_is_missed_by_nobody(tmp_path: Path) -> None:
    let_end(tmp_path, "short", "last")
    processes = {}

    def heard(event: Event) -> None:
        if isinstance(event, Started):
            processes[event.key] = event.resumed
        if isinstance(event, Finished) and event.key == "short":
            kill_workers(processes["short"])
            let_end(tmp_path, "long")

    nodes = [node("long"), node("short"), node("last", "long")]
    told, failures = run(nodes, tmp_path, slots=2, heard=heard)
    assert finished(told) == ["short", "long", "last"]
    assert retried(told) == []
    assert failures == {}


def test_a_node_that_is_handed_to_a_dead_worker_goes_to_another(tmp_path: Path) -> None:
    let_end(tmp_path, "a", "b")

    def made(node: Node) -> None:
        if node.key == "b":
            kill_workers()

    told, failures = run([node("a"), node("b", "a")], tmp_path, made=made)
    assert finished(told) == ["a", "b"]
    assert retried(told) == [("b", 2)]
    assert failures == {}


def test_workers_that_are_killed_at_the_end_are_missed_by_nobody(tmp_path: Path) -> None:
    let_end(tmp_path, "a")

    def heard(event: Event) -> None:
        if isinstance(event, Finished):
            kill_workers()

    told, failures = run([node("a")], tmp_path, heard=heard)
    assert finished(told) == ["a"]
    assert failures == {}


def test_a_node_that_no_worker_lives_to_begin_fails_after_so_many(tmp_path: Path) -> None:
    let_end(tmp_path, "other")
    told, failures = run([node("a", kind="dies before"), node("other")], tmp_path)
    assert retried(told) == [("a", attempt) for attempt in range(2, ATTEMPTS + 1)]
    assert list(failures) == ["a"]
    assert "ended by SIGKILL before it began, at the last of" in failures["a"].problem
    assert finished(told) == ["other"]


def test_a_node_that_was_running_fails_with_its_worker(tmp_path: Path) -> None:
    let_end(tmp_path, "other")
    nodes = [node("a", kind="dies within"), node("needs it", "a"), node("other")]
    told, failures = run(nodes, tmp_path)
    assert retried(told) == []
    assert failures["a"].problem.startswith("the worker process ended by SIGKILL, which systems do")
    assert "memory" in failures["a"].problem
    assert failures["needs it"].problem.startswith("not run: it needs")
    assert failures["needs it"].cause == "a"
    assert finished(told) == ["other"]


def test_the_first_node_starts_and_others_only_where_they_join_it(tmp_path: Path) -> None:
    let_end(tmp_path, "a", "b", "c")
    asked, side_by_side = [], [0]

    def joins() -> bool:
        asked.append(True)
        return False

    def heard(event: Event) -> None:
        if isinstance(event, Started | Finished):
            side_by_side.append(side_by_side[-1] + (1 if isinstance(event, Started) else -1))

    nodes = [node("a"), node("b"), node("c")]
    told, failures = run(nodes, tmp_path, slots=3, joins=joins, heard=heard)
    assert sorted(finished(told)) == ["a", "b", "c"]
    assert failures == {}
    assert asked
    assert max(side_by_side) == 1


LOADS = {
    "idle": ([20.0] * 9, [LOOKS, 2 * LOOKS]),
    "busy": ([99.0] * 9, []),
    "busy in between": ([20.0, 20.0, 99.0] + [20.0] * LOOKS, [3 + LOOKS]),
    "of an unknown card": ([None] * 9, []),
}


@pytest.mark.parametrize(("loads", "joined"), LOADS.values(), ids=LOADS)
def test_a_card_is_idle_when_it_was_at_several_looks_in_a_row(
    loads: list[float | None], joined: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, readings = [0.0], iter(loads)
    monkeypatch.setattr(local.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(local, "gpu_load", lambda: next(readings))
    card, found = IdleCard(), []
    assert not card()  # a node has just begun
    for look in range(1, len(loads) + 1):
        clock[0] += LOOK_S
        found += [look] if card() else []
        assert not card()  # it looks no more often
    assert found == joined
