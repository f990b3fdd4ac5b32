"""What a node asks of a machine, and which machines have it. Pure.

A GPU is shared where the memory of comparable runs was measured; a node that nothing is known of
has a whole one. Ray only counts: it keeps no run within its share.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.errors import HarnessError
from harness.plan.footprint import CONTEXT_MB, MARGIN, Footprint

SHARES = 20  # a GPU is given away in twentieths
_SLACK = 1e-6  # of sums of twentieths
_COUNTED = ("cpus", "gpus", "memory")  # what a machine has and a node asks for


@dataclass(frozen=True)
class Machine:
    """A machine of a cluster, as large as it is when idle."""

    id: str
    host: str
    cpus: float
    gpus: float = 0.0
    memory: float = math.inf  # bytes that runs may have
    gpu_mb: float | None = None  # of its smallest GPU; None where nobody knows
    labels: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Demand:
    """What one node asks for."""

    cpus: int
    gpus: float = 0.0
    memory: int = 0  # bytes; 0: not measured, so not asked for
    labels: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        parts = [f"{self.cpus} CPU{'s' if self.cpus > 1 else ''}"]
        parts += [f"{self.gpus:g} GPU"] if self.gpus else []
        parts += [f"{self.memory / 1e9:.1f} GB"] if self.memory else []
        parts += [f"{name}={value}" for name, value in self.labels]
        return ", ".join(parts)


def demand_of(
    footprint: Footprint,
    *,
    cuda: bool,
    threads: int,
    labels: Mapping[str, str],
    machines: Sequence[Machine],
    processes: int = 1,
) -> Demand:
    """What a node with this footprint asks for; `threads` 0 means a fair share of its machine. A
    training in several `processes` has a GPU, or the threads, for each of them.
    """
    wanted = tuple(sorted(labels.items()))
    able = [one for one in machines if _carries(one, wanted) and (one.gpus > 0 or not cuda)]
    gpus = _share(footprint.gpu_mb, able) if cuda else 0.0
    gpus = gpus if processes == 1 else float(processes * cuda)
    memory = MARGIN * 1e6 * (footprint.memory_mb or 0.0)
    largest = max((one.memory for one in able), default=math.inf)
    # left open: what its share of a GPU has of its machine's CPUs
    fair = min((one.cpus / one.gpus * gpus for one in able), default=1) if gpus else 1
    cpus = processes * threads or max(1, math.floor(fair))
    return Demand(cpus, gpus, int(min(memory, largest)), wanted)


def _share(peak_mb: float | None, machines: Sequence[Machine]) -> float:
    """The part of the smallest GPU that holds the peak, up to the next twentieth; else all of it.

    More than a half is a whole: two such runs never fit on one.
    """
    sizes = [one.gpu_mb for one in machines]
    smallest = min((size for size in sizes if size is not None), default=None)
    if peak_mb is None or smallest is None or None in sizes:
        return 1.0
    share = math.ceil(SHARES * (MARGIN * peak_mb + CONTEXT_MB) / smallest) / SHARES
    return share if share <= 0.5 else 1.0


def _carries(machine: Machine, labels: Iterable[tuple[str, str]]) -> bool:
    return all((machine.labels or {}).get(name) == value for name, value in labels)


def fits(demand: Demand, machine: Machine) -> bool:
    """Whether the machine could run such a node if it were idle."""
    return side_by_side(demand, machine) >= 1


def side_by_side(demand: Demand, machine: Machine) -> int:
    """How many such nodes the machine runs at once."""
    if not _carries(machine, demand.labels):
        return 0
    wants: dict[str, float] = {name: getattr(demand, name) for name in _COUNTED}
    most: float = min(getattr(machine, name) / want for name, want in wants.items() if want)
    return math.floor(most + _SLACK)


def slots(demands: Iterable[Demand], machines: Sequence[Machine]) -> int:
    """How many nodes run at once, if all are like most of them; at least 1."""
    common = Counter(demands).most_common(1)
    if not common:
        return 1
    return max(1, sum(side_by_side(common[0][0], machine) for machine in machines))


def has_room(running: Iterable[Demand], machines: Sequence[Machine]) -> bool:
    """Whether the machines together have as much as what runs asks for.

    Then one node more is handed over, which may have to wait: so the next starts without delay,
    and what is not handed over yet keeps its order.
    """
    asked = list(running)
    return all(
        sum(getattr(one, name) for one in asked)
        <= sum(getattr(machine, name) for machine in machines) + _SLACK
        for name in _COUNTED
    )


def refuse_homeless(demands: Mapping[str, Demand], machines: Sequence[Machine]) -> None:
    """Raise HarnessError unless each node, here by its label, fits on some machine."""
    homeless = [label for label in demands if not any(fits(demands[label], m) for m in machines)]
    if homeless:
        first, others = homeless[0], len(homeless) - 1
        more = f", and so do {others} other nodes" if others else ""
        problem = f"no machine of the cluster has what {first} asks for ({demands[first]}){more}"
        hint = "add one with ray start, or see --device, --pin and numerics.threads"
        raise HarnessError("--executor ray", problem, hint=hint)
