"""The Ray executor: one task a node on the machines of a cluster; the driver alone plans.

The longest nodes are handed over first, one more than there is room for. A node runs again, at most
`retries` times, where its worker or machine died; a fault of the run itself is told once. A machine
that turns out to be unfit, as one that joined without the store, is left out from then on, which
costs its nodes none of their retries.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from harness.execute.events import Event, Failed, Retried
from harness.execute.executor import TICK_S, Crew, MakeJob, Queue, Tell, failed, settle
from harness.execute.job import Job
from harness.execute.node_file import frozen
from harness.execute.ray_cluster import Cluster, told, unfit
from harness.execute.ray_worker import Unfit, as_code, code_version
from harness.execute.resources import (
    Demand,
    Machine,
    demand_of,
    fits,
    has_room,
    refuse_homeless,
    slots,
)
from harness.plan.estimate import device_of
from harness.plan.footprint import Footprint
from harness.plan.node import Node

GRACE_S = 10.0  # for cancelled tasks to be gone
HOMELESS_S = 60.0  # a machine may come back, or another come, before its nodes are given up
LOOK_AGAIN_S = 2.0  # between two questions which machines there are
IDENTITY = "ray.io/node-id"  # a label that Ray gives every machine


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
        flight = Flight(self.cluster, retries=self.retries, jobs=self.jobs)
        try:
            while not queue.is_over:
                while flight.has_room() and (node := queue.next()) is not None:
                    demand = self.demands[node.key]
                    flight.start(Task(replace(make_job(node), threads=demand.cpus), demand))
                for event in flight.events():
                    settle(event, queue, failures, tell)
                tell(None)
        finally:
            flight.end()
        return failures


def on_ray(
    cluster: Cluster, nodes: Sequence[Node], memory: Mapping[str, Footprint], crew: Crew
) -> OnRay:
    """The executor for these nodes.

    Raises:
        HarnessError: one of them fits on no machine.
    """
    demands = {}
    for node in nodes:
        numerics = node.spec.get("x", node.spec).get("numerics", {})
        demands[node.key] = demand_of(
            memory[node.key],
            cuda=device_of(node.spec) == "cuda",
            threads=numerics.get("threads", 1),
            labels=crew.labels(node.kind),
            machines=cluster.looked,
            processes=numerics.get("world_size", 1) if node.kind == "train" else 1,
        )
    refuse_homeless({node.label: demands[node.key] for node in nodes}, cluster.looked)
    return OnRay(cluster, demands, crew.retries, crew.jobs)


@dataclass(frozen=True)
class Task:
    """A node that was handed over."""

    job: Job
    demand: Demand
    attempt: int = 1
    spared: tuple[str, ...] = ()  # machines that it must not come to


class Flight:
    """The tasks of one execution, by Ray's reference to their outcome."""

    def __init__(self, cluster: Cluster, *, retries: int, jobs: int | None) -> None:
        self.cluster = cluster
        self.retries = retries
        self.jobs = jobs
        self.ray = cluster.ray
        self.remote = self.ray.remote(as_code())
        self.tasks: dict[Any, Task] = {}
        self._machines: Sequence[Machine] = cluster.looked
        self._unfit: set[str] = set()
        self._looked = time.monotonic()
        self._homeless: dict[Demand, float] = {}  # since when no machine has as much

    def has_room(self) -> bool:
        """Whether another node should be handed over now."""
        if self.jobs is not None and len(self.tasks) >= self.jobs:
            return False
        return has_room((task.demand for task in self.tasks.values()), self._machines)

    def start(self, task: Task) -> None:
        """Hand a node over."""
        job, demand = task.job, task.demand
        task = replace(task, spared=tuple(sorted(self._unfit)))
        elsewhere = {IDENTITY: f"!in({', '.join(task.spared)})"} if task.spared else {}
        options = {
            "name": f"{job.node.kind} {job.node.key[:8]}",
            "num_cpus": demand.cpus,
            "num_gpus": demand.gpus,
            "label_selector": elsewhere | dict(demand.labels),
            "max_retries": 0,  # ours are counted, told, and the same on every version of Ray
        }
        if demand.memory:
            options["memory"] = demand.memory
        text, cluster = frozen(job, threads=job.threads), self.cluster
        remote = self.remote.options(**options).remote
        self.tasks[remote(text, cluster.witness, code_version(), cluster.relay)] = task

    def events(self) -> Iterator[Event]:
        """What happened within the last tick.

        Raises:
            Interrupted: a signal came.
        """
        self.cluster.stop.check()
        ready, _ = self.ray.wait(list(self.tasks), num_returns=1, timeout=TICK_S)
        running = {task.job.node.key for task in self.tasks.values()}
        relayed: list[Event] = []
        with suppress(self.ray.exceptions.RayError):  # no run is lost for what is only told of it
            relayed = self.ray.get(self.cluster.relay.take.remote())
        # an attempt that died may have said more
        yield from (event for event in relayed if event.key in running)
        for ref in ready:
            yield self._outcome(ref, self.tasks.pop(ref))
        yield from self._given_up()

    def end(self) -> None:
        """Cancel what still runs, and wait until it is gone."""
        for ref in self.tasks:
            self.ray.cancel(ref, force=True)
        if self.tasks:
            self.ray.wait(list(self.tasks), num_returns=len(self.tasks), timeout=GRACE_S)

    def _outcome(self, ref: Any, task: Task) -> Event:
        died = self.ray.exceptions
        try:
            found: Event | tuple[str, str, str] = self.ray.get(ref)
        except died.OutOfMemoryError:
            return self._again(task, "its machine ran out of memory, and Ray ended it")
        except died.WorkerCrashedError:
            return self._again(task, "its worker process died")
        except (died.NodeDiedError, died.ObjectLostError, died.LocalRayletDiedError):
            return self._again(task, "its machine died")
        except died.RayError as error:
            return failed(task.job, told(error))
        if isinstance(found, tuple):
            return self._elsewhere(task, Unfit(*found))
        if isinstance(found, Failed) and found.lacked_gpu_memory and 0 < task.demand.gpus < 1:
            whole = replace(task, demand=replace(task.demand, gpus=1.0))
            return self._again(whole, "its share of a GPU was too small, and it gets a whole one")
        return found

    def _again(self, task: Task, problem: str) -> Event:
        if task.attempt > self.retries:
            return failed(task.job, f"{problem}, at the last of {task.attempt} attempts")
        again = replace(task, attempt=task.attempt + 1)
        self.start(again)
        return Retried(task.job.node.key, problem, again.attempt, self.retries + 1)

    def _elsewhere(self, task: Task, found: Unfit) -> Event:
        problem = str(unfit(*found))
        if found.machine in task.spared:
            return failed(task.job, problem)
        self._unfit.add(found.machine)
        self._machines = self._fit(self._machines)
        self.start(task)
        left_out = f"{problem}; no node goes there any more"
        return Retried(task.job.node.key, left_out, task.attempt, self.retries + 1)

    def _fit(self, machines: Sequence[Machine]) -> list[Machine]:
        return [one for one in machines if one.id not in self._unfit]

    def _given_up(self) -> Iterator[Event]:
        """Nodes that no machine can run any more; those that run are on one that can."""
        now = time.monotonic()
        if now - self._looked >= LOOK_AGAIN_S:
            self._machines, self._looked = self._fit(self.cluster.machines()), now
        for ref, task in list(self.tasks.items()):
            if any(fits(task.demand, machine) for machine in self._machines):
                self._homeless.pop(task.demand, None)
            elif now - self._homeless.setdefault(task.demand, now) > HOMELESS_S:
                self.ray.cancel(ref, force=True)
                del self.tasks[ref]
                problem = f"no machine of the cluster has what it asks for any more ({task.demand})"
                yield failed(task.job, problem)
