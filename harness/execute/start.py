"""Who runs the nodes of a plan: worker processes here, or the machines of a Ray cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from harness.errors import HarnessError
from harness.execute.cores import default_slots, usable_cores
from harness.execute.environment import sees_gpu
from harness.execute.executor import Crew, Executor, Where
from harness.execute.local import Local
from harness.plan.cost import device_of
from harness.plan.footprint import Footprint
from harness.plan.node import Node


def slots_here(jobs: int | None, nodes: Sequence[Node]) -> int:
    """How many nodes run side by side on this machine, where `jobs` leaves it open."""
    on_gpu = any(device_of(node.spec) == "cuda" for node in nodes)
    return jobs or default_slots(usable_cores(), on_gpu)


@contextmanager
def executor_for(
    nodes: Sequence[Node], memory: Mapping[str, Footprint], store: Path, crew: Crew
) -> Iterator[Executor]:
    """What runs these nodes.

    Raises:
        HarnessError: there is no such GPU, no such cluster, or a machine of it lacks something.
    """
    if crew.where is Where.LOCAL or not nodes:
        wanting = sum(device_of(node.spec) == "cuda" for node in nodes)
        if wanting and not sees_gpu():
            problem = f"{wanting} runs want a GPU, and torch finds none here"
            raise HarnessError("--device cuda", problem, hint="--device cpu, or --profile smoke")
        yield Local(slots_here(crew.jobs, nodes))
        return
    from harness.execute.ray_cluster import connected  # an extra that may not be installed
    from harness.execute.ray_driver import on_ray

    with connected(crew.address, store) as cluster:
        yield on_ray(cluster, nodes, memory, crew)
