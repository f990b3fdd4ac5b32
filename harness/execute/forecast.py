"""When a plan would be done on so many machines.

The order is that of the executors. No schedule is shorter than the critical path, or than the work
divided by the slots; this one takes at most twice the larger of them (Graham 1966).
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from harness.errors import HarnessError
from harness.execute.executor import Queue
from harness.execute.survey import Survey
from harness.plan.estimate import device_of
from harness.plan.node import Node
from harness.plan.schedule import paths

_CREW = re.compile(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,3})")


@dataclass(frozen=True)
class Machines:
    """So many machines that are alike, each running so many nodes at once."""

    count: int
    slots_each: int

    @property
    def slots(self) -> int:
        return self.count * self.slots_each

    def __str__(self) -> str:
        return f"{self.count}x{self.slots_each}"


def parse_machines(typed: str) -> Machines:
    """`8x4`: 8 machines with 4 slots each.

    Raises:
        HarnessError: it is not of this form.
    """
    found = _CREW.fullmatch(typed)
    if found is None:
        hint = "write machines x slots, as in --nodes 8x4 for 8 machines with 4 GPUs each"
        raise HarnessError(f"--nodes {typed[:40]}", "is not of the form 8x4", hint=hint)
    return Machines(int(found[1]), int(found[2]))


class Placed(NamedTuple):
    """A node in the schedule; times in seconds from the start, slots counted from 0."""

    key: str
    start_s: float
    end_s: float
    slot: int


def simulate(
    nodes: Sequence[Node],
    seconds: Mapping[str, float],
    slots: int,
    running: Collection[str] = (),
) -> list[Placed]:
    """The nodes on so many slots that are alike, in the order of their starts; those that are
    `running` come before all others.
    """
    queue, free = Queue(nodes, set(), seconds), list(range(max(slots, len(running))))
    ahead = [queue.take(key) for key in running]
    busy: list[tuple[float, int, Placed]] = []  # by end, then by start
    placed: list[Placed] = []
    now = 0.0
    while not queue.is_over:
        while free and (node := ahead.pop() if ahead else queue.next()) is not None:
            end = now + seconds.get(node.key, 0.0)
            placed.append(Placed(node.key, now, end, heapq.heappop(free)))
            heapq.heappush(busy, (end, len(placed), placed[-1]))
        now = busy[0][0]
        while busy and busy[0][0] == now:
            ended = heapq.heappop(busy)[2]
            heapq.heappush(free, ended.slot)
            queue.finish(ended.key)
    return placed


def critical_path(nodes: Sequence[Node], seconds: Mapping[str, float]) -> list[Node]:
    """The longest chain of nodes that wait for each other, from its first node on."""
    longest, chain = paths(nodes, seconds), list[Node]()
    choices = list(nodes)
    while choices:
        chain.append(max(choices, key=lambda node: longest[node.key]))
        choices = [node for node in nodes if chain[-1].key in node.inputs.values()]
    return chain


def forecast_record(held: Survey, machines: Machines) -> dict[str, Any]:
    """The schedule and what it rests on, as JSON values."""
    estimates = {node.key: held.estimates[node.key] for node in held.todo}
    seconds = {key: one.seconds for key, one in estimates.items()}
    slots = machines.slots
    placed = simulate(held.todo, seconds, slots)
    critical = critical_path(held.todo, seconds)
    makespan = max((one.end_s for one in placed), default=0.0)
    work, chain = sum(seconds.values()), sum(seconds[node.key] for node in critical)
    gpu = sum(seconds[node.key] for node in held.todo if device_of(node.spec) == "cuda")
    measured = sum(one.runs > 0 for one in estimates.values())
    return {
        "machines": machines.count,
        "slots_each": machines.slots_each,
        "makespan_seconds": round(makespan, 1),
        "lower_bound_seconds": round(max(chain, work / slots), 1),
        "utilisation": round(work / (makespan * slots), 4) if makespan else 1.0,
        "gpu_hours": round(gpu / 3600, 3),
        "gpu_hours_held": round(makespan * slots / 3600, 3) if gpu else 0.0,
        "critical_path_seconds": round(chain, 1),
        "critical_path": [
            {"key": node.key, "label": node.label, "seconds": round(seconds[node.key], 1)}
            for node in critical
        ],
        "disk_bytes": sum(held.disk.values()),
        "measured_costs": measured,
        "stated_costs": len(estimates) - measured,
        "order": [
            {
                "key": one.key,
                "machine": one.slot // machines.slots_each,
                "slot": one.slot % machines.slots_each,
                "start_seconds": round(one.start_s, 1),
                "end_seconds": round(one.end_s, 1),
            }
            for one in placed
        ],
    }
