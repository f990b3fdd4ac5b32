"""The nodes that were handed to a Ray cluster, and what becomes of each.

A node runs again, at most `retries` times, where its worker or machine died; a fault of the run
itself is told once. A machine that turns out to be unfit, as one that joined without the store, is
left out from then on, which costs its nodes none of their retries.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from harness.execute.events import Event, Failed, Retried
from harness.execute.executor import TICK_S, failed
from harness.execute.job import Job
from harness.execute.node_file import frozen
from harness.execute.ray_cluster import Cluster
from harness.execute.ray_machines import told, unfit
from harness.execute.ray_task import run_there
from harness.execute.ray_worker import Unfit, code_version
from harness.execute.resources import Demand, Machine, fits, has_room

GRACE_S = 10.0  # for cancelled tasks to be gone
HOMELESS_S = 60.0  # a machine may come back, or another come, before its nodes are given up
LOOK_AGAIN_S = 2.0  # between two questions which machines there are
IDENTITY = "ray.io/node-id"  # a label that Ray gives every machine


@dataclass(frozen=True)
class Task:
    """A node that was handed over."""

    job: Job
    demand: Demand
    attempt: int  # 1 is the first
    spared: tuple[str, ...] = ()  # machines that it must not come to


class Flight:
    """The tasks of one execution, by Ray's reference to their outcome."""

    def __init__(self, cluster: Cluster, *, retries: int, jobs: int | None) -> None:
        self.cluster = cluster
        self.retries = retries
        self.jobs = jobs
        self.ray = cluster.ray
        self.remote = self.ray.remote(run_there)
        self.tasks: dict[Any, Task] = {}
        self._machines: list[Machine] = list(cluster.looked)
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
        demand = task.demand
        task = replace(task, spared=tuple(sorted(self._unfit)))
        elsewhere = {IDENTITY: f"!in({', '.join(task.spared)})"} if task.spared else {}
        options = {
            "name": f"{task.job.kind} {task.job.key[:8]}",
            "num_cpus": demand.cpus,
            "num_gpus": demand.gpus,
            "label_selector": elsewhere | dict(demand.labels),
            "max_retries": 0,  # ours are counted, told, and the same on every version of Ray
        }
        if demand.memory:
            options["memory"] = demand.memory
        text = frozen(task.job, threads=task.job.threads)
        witness, relay = self.cluster.witness, self.cluster.relay
        ref = self.remote.options(**options).remote(text, witness, code_version(), relay)
        self.tasks[ref] = task

    def events(self) -> Iterator[Event]:
        """What happened within the last tick.

        Raises:
            Interrupted: a signal came.
        """
        self.cluster.stop.check()
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

    def _outcome(self, ref: Any, task: Task) -> Event:
        died = self.ray.exceptions
        try:
            found: Event | Unfit | tuple[str, str, str] = self.ray.get(ref)
        except died.OutOfMemoryError:
            return self._again(task, "its machine ran out of memory, and Ray ended it")
        except died.WorkerCrashedError:
            return self._again(task, "its worker process died")
        except (died.NodeDiedError, died.ObjectLostError, died.LocalRayletDiedError):
            return self._again(task, "its machine died")
        except died.RayError as error:
            return failed(task.job, told(error))
        event = Unfit(*found) if isinstance(found, tuple) else found
        if isinstance(event, Unfit):
            return self._elsewhere(task, event)
        if _shared_too_much(event, task.demand):
            whole = replace(task, demand=replace(task.demand, gpus=1.0))
            return self._again(whole, "its share of a GPU was too small, and it gets a whole one")
        return event

    def _again(self, task: Task, problem: str) -> Event:
        if task.attempt > self.retries:
            return failed(task.job, f"{problem}, at the last of {task.attempt} attempts")
        again = replace(task, attempt=task.attempt + 1)
        self.start(again)
        return Retried(task.job.key, problem, again.attempt, self.retries + 1)

    def _elsewhere(self, task: Task, found: Unfit) -> Event:
        problem = str(unfit(found.machine, found.host, found.problem))
        if found.machine in task.spared:
            return failed(task.job, problem)
        self._unfit.add(found.machine)
        self._machines = self._fit(self._machines)
        self.start(task)
        left_out = f"{problem}; no node goes there any more"
        return Retried(task.job.key, left_out, task.attempt, self.retries + 1)

    def _fit(self, machines: Iterable[Machine]) -> list[Machine]:
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


def _shared_too_much(event: Event, demand: Demand) -> bool:
    """Whether a run failed for want of memory on a GPU that it had a part of."""
    return isinstance(event, Failed) and 0 < demand.gpus < 1 and "OutOfMemory" in event.problem
