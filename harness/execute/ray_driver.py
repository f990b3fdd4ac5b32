"""The Ray executor: one task a node on the machines of a cluster; the driver alone plans.

A node runs again, at most `retries` times, where its worker or machine died; a fault of the run
itself is told once. The longest nodes are handed over first, one more than there is room for.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.execute.crew import Crew
from harness.execute.events import Event, Failed, Retried
from harness.execute.executor import TICK_S, MakeJob, Tell, failed, settle
from harness.execute.job import Job
from harness.execute.node_file import frozen
from harness.execute.queue import Queue
from harness.execute.ray_cluster import Cluster
from harness.execute.ray_machines import told
from harness.execute.ray_worker import run_node
from harness.execute.resources import (
    Demand,
    Machine,
    demand_of,
    fits,
    has_room,
    refuse_homeless,
    slots,
)
from harness.plan.cost import device_of
from harness.plan.footprint import Footprint
from harness.plan.node import Node

GRACE_S = 10.0  # for cancelled tasks to be gone
HOMELESS_S = 60.0  # a machine may come back, or another come, before its nodes are given up
LOOK_AGAIN_S = 2.0  # between two questions which machines there are


@dataclass(frozen=True)
class _Task:
    """A node that was handed over."""

    job: Job
    demand: Demand
    attempt: int  # 1 is the first


@dataclass(frozen=True)
class OnRay:
    """Runs nodes on a cluster; `demands` says what each asks for, by key."""

    cluster: Cluster
    demands: Mapping[str, Demand]
    retries: int
    jobs: int | None
    threads: int = 1  # replaced node by node: machines differ

    @property
    def slots(self) -> int:
        """Where all nodes are like most of them."""
        room = slots(self.demands.values(), self.cluster.looked)
        return min(room, self.jobs or room)

    def __call__(self, queue: Queue, make_job: MakeJob, tell: Tell) -> Mapping[str, Failed]:
        """As `Executor` says."""
        failures: dict[str, Failed] = {}
        flight = _Flight(self)
        try:
            while not queue.is_over:
                while flight.has_room() and (node := queue.next()) is not None:
                    flight.start(self._task(node, make_job))
                for event in flight.events():
                    settle(event, queue, failures, tell)
                tell(None)
        finally:
            flight.end()
        return failures

    def _task(self, node: Node, make_job: MakeJob) -> _Task:
        demand = self.demands[node.key]
        return _Task(replace(make_job(node), threads=demand.cpus), demand, 1)


def on_ray(
    cluster: Cluster, nodes: Sequence[Node], memory: Mapping[str, Footprint], crew: Crew
) -> OnRay:
    """The executor for these nodes.

    Raises:
        HarnessError: one of them fits on no machine.
    """
    demands = {node.key: _demand(node, memory[node.key], cluster.looked, crew) for node in nodes}
    refuse_homeless({node.label: demands[node.key] for node in nodes}, cluster.looked)
    return OnRay(cluster, demands, crew.retries, crew.jobs)


def _demand(node: Node, footprint: Footprint, machines: Sequence[Machine], crew: Crew) -> Demand:
    numerics = node.spec.get("x", node.spec).get("numerics", {})
    return demand_of(
        footprint,
        cuda=device_of(node.spec) == "cuda",
        threads=numerics.get("threads", 1),
        labels=crew.labels(node.kind),
        machines=machines,
    )


class _Flight:
    """The tasks of one execution, by Ray's reference to their outcome."""

    def __init__(self, executor: OnRay) -> None:
        self.executor = executor
        self.cluster = executor.cluster
        self.ray = executor.cluster.ray
        self.remote = self.ray.remote(run_node)
        self.tasks: dict[Any, _Task] = {}
        self._machines: list[Machine] = list(executor.cluster.looked)
        self._looked = time.monotonic()
        self._homeless: dict[Demand, float] = {}  # since when no machine has as much

    def has_room(self) -> bool:
        """Whether another node should be handed over now."""
        jobs = self.executor.jobs
        if jobs is not None and len(self.tasks) >= jobs:
            return False
        return has_room((task.demand for task in self.tasks.values()), self._machines)

    def start(self, task: _Task) -> None:
        """Hand a node over."""
        demand = task.demand
        options = {
            "name": f"{task.job.kind} {task.job.key[:8]}",
            "num_cpus": demand.cpus,
            "num_gpus": demand.gpus,
            "label_selector": dict(demand.labels),
            "max_retries": 0,  # ours are counted, told, and the same on every version of Ray
        }
        if demand.memory:
            options["memory"] = demand.memory
        text = frozen(task.job, threads=task.job.threads)
        ref = self.remote.options(**options).remote(text, self.cluster.witness, self.cluster.relay)
        self.tasks[ref] = task

    def events(self) -> Iterator[Event]:
        """What happened within the last tick."""
        ready, _ = self.ray.wait(list(self.tasks), num_returns=1, timeout=TICK_S)
        running = {task.job.key for task in self.tasks.values()}
        for event in self._relayed():
            if event.key in running:  # an attempt that died may have said more
                yield event
        for ref in ready:
            yield self._outcome(ref, self.tasks.pop(ref))
        yield from self._given_up()

    def end(self) -> None:
        """Cancel what still runs, and wait until it is gone."""
        for ref in self.tasks:
            self.ray.cancel(ref, force=True)
        if self.tasks:
            self.ray.wait(list(self.tasks), num_returns=len(self.tasks), timeout=GRACE_S)

    def _relayed(self) -> list[Event]:
        told: list[Event] = self.ray.get(self.cluster.relay.take.remote())
        return told

    def _outcome(self, ref: Any, task: _Task) -> Event:
        died = self.ray.exceptions
        try:
            event: Event = self.ray.get(ref)
        except died.OutOfMemoryError:
            return self._again(task, "its machine ran out of memory, and Ray ended it")
        except died.WorkerCrashedError:
            return self._again(task, "its worker process died")
        except (died.NodeDiedError, died.ObjectLostError, died.LocalRayletDiedError):
            return self._again(task, "its machine died")
        except died.RayError as error:
            return failed(task.job, told(error))
        return event

    def _again(self, task: _Task, problem: str) -> Event:
        if task.attempt > self.executor.retries:
            return failed(task.job, f"{problem}, at the last of {task.attempt} attempts")
        again = replace(task, attempt=task.attempt + 1)
        self.start(again)
        return Retried(task.job.key, problem, again.attempt, self.executor.retries + 1)

    def _given_up(self) -> Iterator[Event]:
        """Nodes that no machine can run any more; those that run are on one that can."""
        now = time.monotonic()
        if now - self._looked >= LOOK_AGAIN_S:
            self._machines, self._looked = self.cluster.machines(), now
        for ref, task in list(self.tasks.items()):
            if any(fits(task.demand, machine) for machine in self._machines):
                self._homeless.pop(task.demand, None)
            elif now - self._homeless.setdefault(task.demand, now) > HOMELESS_S:
                self.ray.cancel(ref, force=True)
                del self.tasks[ref]
                problem = f"no machine of the cluster has what it asks for any more ({task.demand})"
                yield failed(task.job, problem)
