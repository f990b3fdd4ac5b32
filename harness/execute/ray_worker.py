"""What runs on the machines of a Ray cluster: one node of the plan, and a look at the machine.

Ray calls these functions, and hands over what they need of it: nothing here imports ray but what
only runs there.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import harness
from harness.errors import HarnessError
from harness.execute.environment import gpu_megabytes, hostname
from harness.execute.events import Event, Failed, Finished
from harness.execute.job import run_job
from harness.execute.node_file import thawed
from harness.plan.revisions import REVISIONS
from harness.store.locks import lease_if_free

SEEN_S = 5.0  # until a file made on one machine must be seen on another


class Relay:
    """What remote runs tell, kept until the driver takes it: the newest of each sort from each
    node, so that it never holds more than the cluster has runs.
    """

    def __init__(self) -> None:
        self._events: dict[tuple[str, type[Event]], Event] = {}

    def tell(self, event: Event) -> None:
        """Keep an event, in the place of an older one of its sort."""
        name = (event.key, type(event))
        self._events.pop(name, None)
        self._events[name] = event

    def take(self) -> list[Event]:
        """What was told since the last time, in its order."""
        taken = list(self._events.values())
        self._events.clear()
        return taken


@dataclass(frozen=True)
class Sight:
    """What a look at a machine found."""

    host: str
    gpu_mb: float | None
    problem: str = ""  # why no node may run there


@dataclass(frozen=True)
class Unfit:
    """The machine that a node came to is none that may run nodes."""

    machine: str  # as Ray calls it
    host: str
    problem: str


def look(witness: Path, version: str) -> Sight:
    """Whether this machine has the driver's store, its locks, and the same harness."""
    return Sight(hostname(), min(gpu_megabytes(), default=None), _fault(witness, version))


def run_node(text: str, witness: Path, version: str, relay: Any) -> Finished | Failed | Unfit:
    """Run the node in the text of a node file; the last event of its run.

    The machine may have joined since the driver looked at all, so it is looked at again.
    """
    problem = _fault(witness, version)
    if problem:
        return Unfit(_machine(), hostname(), problem)

    def tell(event: Event) -> None:
        if not isinstance(event, Finished | Failed):
            relay.tell.remote(event)

    return run_job(thawed(text), tell)


def code_version() -> str:
    """What must be the same on every machine for a key to mean the same."""
    return f"{harness.__version__} with revisions {dict(sorted(REVISIONS.items()))}"


def _machine() -> str:
    import ray

    return str(ray.get_runtime_context().get_node_id())


def _fault(witness: Path, version: str) -> str:
    return _wrong_version(version) or fault_of_store(witness)


def _wrong_version(wanted: str) -> str:
    mine = code_version()
    return "" if mine == wanted else f"it has harness {mine}, and the driver {wanted}"


def fault_of_store(witness: Path) -> str:
    """Why the folder of `witness`, which the driver holds locked, is not the driver's; else ''."""
    end = time.monotonic() + SEEN_S
    while not witness.is_file():
        if time.monotonic() > end:
            return f"it does not see {witness}, which the driver wrote: not the same store"
        time.sleep(0.1)
    try:
        with lease_if_free(witness) as free:
            reached = not free
    except HarnessError as error:
        return str(error)
    return "" if reached else f"locks in {witness.parent} do not reach it from the driver (flock)"
