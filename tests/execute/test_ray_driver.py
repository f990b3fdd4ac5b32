"""What the driver decides, under a Ray of a few lines whose tasks end as a test wants."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.execute import ray_driver
from harness.execute.events import Event, Failed, Finished, Retried
from harness.execute.executor import Queue
from harness.execute.interrupt import Interrupted, Stop
from harness.execute.job import Job
from harness.execute.ray_cluster import Cluster
from harness.execute.ray_driver import OnRay
from harness.execute.ray_worker import Unfit
from harness.execute.resources import Demand, Machine
from harness.plan.node import Node
from tests.synthetic import plan

NODES = list(plan("table1", profile="smoke").nodes.values())[:3]
ONE_CPU = Demand(1)
SECONDS = {node.key: float(10 - index) for index, node in enumerate(NODES)}


class RayError(Exception): ...


class OutOfMemoryError(RayError): ...


class WorkerCrashedError(RayError): ...


class NodeDiedError(RayError): ...


class ObjectLostError(RayError): ...


class LocalRayletDiedError(RayError): ...


@dataclass(eq=False)
class Ref:
    key: str
    options: dict[str, Any]


@dataclass
class Ray:
    """Each task ends at once with what `answers` has next for it; without one it never does."""

    answers: dict[str, list[Any]]
    machines: list[Machine]
    stops_after: int = 1_000  # waits
    stop: Stop = field(default_factory=Stop)
    relay_is_dead: bool = False
    submitted: list[Ref] = field(default_factory=list)
    cancelled: list[Ref] = field(default_factory=list)
    exceptions: Any = field(
        default_factory=lambda: SimpleNamespace(
            RayError=RayError,
            OutOfMemoryError=OutOfMemoryError,
            WorkerCrashedError=WorkerCrashedError,
            NodeDiedError=NodeDiedError,
            ObjectLostError=ObjectLostError,
            LocalRayletDiedError=LocalRayletDiedError,
        )
    )

    def remote(self, function: Callable[..., Any]) -> Any:
        def options(**said: Any) -> Any:
            def submit(text: str, *others: object) -> Ref:
                (key,) = (node.key for node in NODES if f'"{node.key}"' in text)
                self.submitted.append(Ref(key, said))
                return self.submitted[-1]

            return SimpleNamespace(remote=submit)

        return SimpleNamespace(options=options)

    def wait(self, refs: list[Ref], num_returns: int, timeout: float) -> tuple[list[Ref], Any]:
        self.stops_after -= 1
        if not self.stops_after:
            self.stop._keep(signal.SIGTERM, None)
        ready = [ref for ref in refs if self.answers.get(ref.key)]
        if not ready:
            time.sleep(0.01)
        return ready[:num_returns], None

    def get(self, ref: Any) -> Any:
        if not isinstance(ref, Ref):
            if self.relay_is_dead:
                raise RayError("the actor died")
            return []
        answer = self.answers[ref.key].pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def cancel(self, ref: Ref, force: bool) -> None:
        self.cancelled.append(ref)

    def nodes(self) -> list[dict[str, Any]]:
        return [
            {
                "NodeID": one.id,
                "NodeManagerHostname": one.host,
                "Alive": True,
                "Resources": {"CPU": one.cpus, "GPU": one.gpus, "memory": 1e12},
                "Labels": {},
            }
            for one in self.machines
        ]


def done(node: Node) -> Finished:
    return Finished(node.key, 1.0, here=True)


def run(
    ray: Ray,
    folder: Path,
    *,
    demand: Demand = ONE_CPU,
    jobs: int | None = None,
    looked: list[Machine] | None = None,
) -> tuple[list[Event], dict[str, Failed]]:
    """All events, and the failures."""
    relay = SimpleNamespace(take=SimpleNamespace(remote=lambda: None))
    cluster = Cluster(ray, folder / "witness", relay, tuple(looked or ray.machines), ray.stop)
    executor = OnRay(cluster, {node.key: demand for node in NODES}, 2, jobs)
    told: list[Event] = []

    def make_job(node: Node) -> Job:
        return Job(node, folder / "store", folder / "data", 1, {}, {})

    def tell(event: Event | None) -> None:
        if event is not None:
            told.append(event)

    return told, dict(executor(Queue(NODES, set(), SECONDS), make_job, tell))


def machine(cpus: float = 8, gpus: float = 0.0) -> Machine:
    return Machine("m", "lab3", cpus=cpus, gpus=gpus)


def everything(**others: list[Any]) -> dict[str, list[Any]]:
    return {node.key: [done(node)] for node in NODES} | others


@pytest.mark.parametrize(("jobs", "count"), [(None, 2), (1, 1), (3, 2)])
def test_the_longest_are_handed_over_first_and_one_more_than_there_is_room_for(
    tmp_path: Path, jobs: int | None, count: int
) -> None:
    ray = Ray({}, [machine(cpus=1)], stops_after=5)
    with pytest.raises(Interrupted, match="SIGTERM"):
        run(ray, tmp_path, jobs=jobs)
    assert [ref.key for ref in ray.submitted] == [node.key for node in NODES[:count]]
    assert ray.cancelled == ray.submitted  # nothing is left to run for nobody


def test_no_run_is_lost_for_the_actor_that_collects_what_is_told(tmp_path: Path) -> None:
    told, failures = run(Ray(everything(), [machine()], relay_is_dead=True), tmp_path)
    assert (sorted(map(str, told)), failures) == (sorted(str(done(one)) for one in NODES), {})


@pytest.mark.parametrize(
    ("death", "said"),
    [
        (WorkerCrashedError(), "its worker process died"),
        (NodeDiedError(), "its machine died"),
        (ObjectLostError(), "its machine died"),
        (LocalRayletDiedError(), "its machine died"),
        (OutOfMemoryError(), "ran out of memory, and Ray ended it"),
    ],
)
def test_what_died_runs_again_so_often_and_no_oftener(
    death: RayError, said: str, tmp_path: Path
) -> None:
    first = NODES[0].key
    told, failures = run(Ray(everything(**{first: [death, done(NODES[0])]}), [machine()]), tmp_path)
    assert failures == {}
    (again,) = (one for one in told if isinstance(one, Retried))
    assert (again.key, again.attempt, again.of) == (first, 2, 3)
    assert said in again.problem
    told, failures = run(Ray(everything(**{first: [death] * 3}), [machine()]), tmp_path)
    assert list(failures) == [first]
    assert failures[first].problem.endswith("at the last of 3 attempts")
    assert sum(isinstance(one, Finished) for one in told) == 2


@pytest.mark.parametrize("end", [Failed("", "HarnessError: no"), RayError("import failed")])
def test_what_failed_by_itself_runs_once(end: Any, tmp_path: Path) -> None:
    first = NODES[0].key
    if isinstance(end, Failed):
        end = Failed(first, end.problem)
    ray = Ray(everything(**{first: [end]}), [machine()])
    told, failures = run(ray, tmp_path)
    assert list(failures) == [first]
    assert len(ray.submitted) == 3
    assert not [one for one in told if isinstance(one, Retried)]


def labels(ray: Ray, node: Node) -> list[dict[str, str]]:
    return [ref.options["label_selector"] for ref in ray.submitted if ref.key == node.key]


def test_a_machine_that_joined_unfit_is_named_and_left_out(tmp_path: Path) -> None:
    first, second, last = NODES
    strange = Unfit("b" * 56, "lab9", "it does not see it: not the same store")
    odd = ("a" * 56, "lab8", "it cannot import harness")  # so it has no Unfit
    answers = everything(**{first.key: [strange, done(first)], second.key: [odd, done(second)]})
    ray = Ray(answers, [machine()])
    told, failures = run(ray, tmp_path, demand=Demand(1, labels=(("pool", "big"),)), jobs=1)
    assert failures == {}
    problems = {one.key: one.problem for one in told if isinstance(one, Retried)}
    assert "machine lab9 (bbbbbbbb): it does not see it" in problems[first.key]
    assert "--store, or HARNESS_STORE" in problems[first.key]
    assert "same checkout" in problems[second.key]
    assert {one.attempt for one in told if isinstance(one, Retried)} == {1}  # no retry is used up
    pool = {"pool": "big"}
    without_one = pool | {"ray.io/node-id": f"!in({'b' * 56})"}
    without_both = pool | {"ray.io/node-id": f"!in({'a' * 56}, {'b' * 56})"}
    assert labels(ray, first) == [pool, without_one]
    assert labels(ray, second) == [without_one, without_both]
    assert labels(ray, last) == [without_both]


def test_a_node_that_only_unfit_machines_could_run_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_driver, "HOMELESS_S", 0.3)
    monkeypatch.setattr(ray_driver, "LOOK_AGAIN_S", 0.0)
    strange = Unfit("m", "lab3", "not the same store")
    _, failures = run(Ray({NODES[0].key: [strange]}, [machine()]), tmp_path)
    assert len(failures) == 3
    assert all("no machine of the cluster has what" in one.problem for one in failures.values())


def test_a_node_that_comes_to_an_unfit_machine_all_the_same_fails(tmp_path: Path) -> None:
    strange = Unfit("other", "lab9", "not the same store")
    ray = Ray(everything(**{NODES[0].key: [strange, strange]}), [machine()])
    _, failures = run(ray, tmp_path)
    assert list(failures) == [NODES[0].key]
    assert "machine lab9" in failures[NODES[0].key].problem


def test_a_share_of_a_gpu_that_was_too_small_becomes_a_whole_one(tmp_path: Path) -> None:
    first = NODES[0].key
    full = Failed(first, "OutOfMemoryError: CUDA out of memory", lacked_gpu_memory=True)
    ray = Ray(everything(**{first: [full, done(NODES[0])]}), [machine(gpus=1)])
    _, failures = run(ray, tmp_path, demand=Demand(1, 0.25))
    assert failures == {}
    shares = [ref.options["num_gpus"] for ref in ray.submitted if ref.key == first]
    assert shares == [0.25, 1.0]
    whole = Ray(everything(**{first: [full]}), [machine(gpus=1)])
    _, failures = run(whole, tmp_path, demand=Demand(1, 1.0))
    assert list(failures) == [first]  # it had all of it: its own fault


def test_what_no_machine_has_any_more_is_given_up_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_driver, "HOMELESS_S", 0.3)
    monkeypatch.setattr(ray_driver, "LOOK_AGAIN_S", 0.0)
    ray = Ray({}, [machine(gpus=0)])  # what there was at the start has gone
    _, failures = run(ray, tmp_path, demand=Demand(1, 1.0), looked=[machine(gpus=1)])
    assert len(failures) == 3
    assert all("any more (1 CPU, 1 GPU)" in one.problem for one in failures.values())
    assert len(ray.cancelled) == 3
