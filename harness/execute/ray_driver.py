"""The Ray executor: one task a node on the machines of a cluster; the driver alone plans.

The longest nodes are handed over first, one more than there is room for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.execute.crew import Crew
from harness.execute.events import Failed
from harness.execute.executor import MakeJob, Tell, settle
from harness.execute.queue import Queue
from harness.execute.ray_cluster import Cluster
from harness.execute.ray_flight import Flight, Task
from harness.execute.resources import Demand, Machine, demand_of, refuse_homeless, slots
from harness.plan.estimate import device_of
from harness.plan.footprint import Footprint
from harness.plan.node import Node


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
                    flight.start(self._task(node, make_job))
                for event in flight.events():
                    settle(event, queue, failures, tell)
                tell(None)
        finally:
            flight.end()
        return failures

    def _task(self, node: Node, make_job: MakeJob) -> Task:
        demand = self.demands[node.key]
        return Task(replace(make_job(node), threads=demand.cpus), demand, 1)


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
        processes=numerics.get("world_size", 1) if node.kind == "train" else 1,
    )
