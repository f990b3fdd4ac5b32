"""When every node would be done on so many machines: list scheduling, longest path first.

The order is the one that the executors keep. No schedule is shorter than the critical path, or than
the work divided by the slots; this one takes at most twice the larger of them (Graham 1966).
"""

from __future__ import annotations

import heapq
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter

from harness.errors import HarnessError
from harness.plan.node import Node

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


@dataclass(frozen=True)
class Placed:
    """A node in the schedule; times in seconds from the start, slots counted from 0."""

    key: str
    start_s: float
    end_s: float
    slot: int


@dataclass(frozen=True)
class Schedule:
    """What runs where and when, and what bounds it."""

    slots: int
    placed: tuple[Placed, ...]  # in the order of their starts
    critical: tuple[str, ...]  # keys of the longest chain of nodes that wait for each other
    critical_s: float
    work_s: float

    @property
    def makespan_s(self) -> float:
        """Until the last node is done."""
        return max((one.end_s for one in self.placed), default=0.0)

    @property
    def bound_s(self) -> float:
        """No schedule on these slots is shorter."""
        return max(self.critical_s, self.work_s / self.slots)

    @property
    def utilisation(self) -> float:
        """The part of all slots' time that is worked; 1 where there is nothing to do."""
        return self.work_s / (self.makespan_s * self.slots) if self.makespan_s > 0 else 1.0


def paths(nodes: Sequence[Node], seconds: Mapping[str, float]) -> dict[str, float]:
    """Seconds of each node and of the longest chain that waits for it: what goes first.

    Inputs that are not among the nodes are there already.
    """
    found: dict[str, float] = {}
    after = _after(nodes)
    for key in reversed(_ordered(nodes)):
        longest = max((found[one] for one in after[key]), default=0.0)
        found[key] = seconds.get(key, 0.0) + longest
    return found


def simulate(nodes: Sequence[Node], seconds: Mapping[str, float], slots: int) -> Schedule:
    """The schedule of these nodes on so many slots that are alike."""
    after, longest = _after(nodes), paths(nodes, seconds)
    place = {node.key: index for index, node in enumerate(nodes)}
    missing = {node.key: len(_inputs(node, place)) for node in nodes}
    ready = [(-longest[key], place[key], key) for key, count in missing.items() if not count]
    heapq.heapify(ready)
    free = list(range(slots))
    running: list[tuple[float, int, str, int]] = []  # end, order of start, key, slot
    placed: list[Placed] = []
    now = 0.0
    while ready or running:
        while ready and free:
            key, slot = heapq.heappop(ready)[2], heapq.heappop(free)
            end = now + seconds.get(key, 0.0)
            heapq.heappush(running, (end, len(placed), key, slot))
            placed.append(Placed(key, now, end, slot))
        now = running[0][0]
        while running and running[0][0] == now:
            _, _, done, slot = heapq.heappop(running)
            heapq.heappush(free, slot)
            for key in after[done]:
                missing[key] -= 1
                if not missing[key]:
                    heapq.heappush(ready, (-longest[key], place[key], key))
    work = sum(seconds.get(node.key, 0.0) for node in nodes)
    critical = _critical(after, longest)
    total = longest[critical[0]] if critical else 0.0
    return Schedule(slots, tuple(placed), critical, total, work)


def waves(nodes: Sequence[Node], seconds: Mapping[str, float]) -> list[list[Node]]:
    """The nodes in groups, each of which needs only those before it; the longest first in each."""
    longest = paths(nodes, seconds)
    known = {node.key: node for node in nodes}
    level: dict[str, int] = {}
    for key in _ordered(nodes):
        level[key] = 1 + max((level[one] for one in _inputs(known[key], known)), default=-1)
    groups: dict[int, list[Node]] = defaultdict(list)
    for node in sorted(nodes, key=lambda one: -longest[one.key]):
        groups[level[node.key]].append(node)
    return [groups[number] for number in sorted(groups)]


def _critical(after: Mapping[str, list[str]], longest: Mapping[str, float]) -> tuple[str, ...]:
    """The longest chain, from its first node on."""
    chain: list[str] = []
    choices: Iterable[str] = longest
    while choices := list(choices):
        chain.append(max(choices, key=lambda key: longest[key]))
        choices = after[chain[-1]]
    return tuple(chain)


def _inputs(node: Node, among: Mapping[str, object]) -> set[str]:
    return {key for key in node.inputs.values() if key in among and key != node.key}


def _after(nodes: Sequence[Node]) -> dict[str, list[str]]:
    """Key → keys of the nodes that need it."""
    after: dict[str, list[str]] = {node.key: [] for node in nodes}
    for node in nodes:
        for key in _inputs(node, after):
            after[key].append(node.key)
    return after


def _ordered(nodes: Sequence[Node]) -> list[str]:
    """Keys, each after those that it needs."""
    known = {node.key: node for node in nodes}
    graph = {key: _inputs(node, known) for key, node in known.items()}
    return list(TopologicalSorter(graph).static_order())
