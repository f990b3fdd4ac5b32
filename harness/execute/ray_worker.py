"""What runs on the machines of a Ray cluster: one node of the plan, and a look at the machine.

Nothing here imports ray but what only runs there.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import harness
from harness.errors import HarnessError
from harness.execute.environment import code_digest, gpu_megabytes
from harness.execute.events import Event, Failed, Finished
from harness.execute.job import run_job
from harness.execute.node_file import thawed
from harness.measures.base import Run
from harness.parts.components import is_own
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


class Unfit(NamedTuple):
    """The machine that a node came to is none that may run nodes."""

    machine: str  # as Ray calls it
    host: str
    problem: str


def look(witness: Path, version: str) -> tuple[float | None, str]:
    """Memory of this machine's smallest GPU in MB, if known, and why no node may run here; "" where
    it has the driver's store, its locks, and the same harness.
    """
    return min(gpu_megabytes(), default=None), _fault(witness, version)


def as_code() -> Callable[..., Any]:
    """The function that a cluster is handed as code, where all others go by name: a machine that
    lacks this project can say so, instead of failing each node that comes to it.

    It gives what `run_node` returns, or the fields of an `Unfit`.
    """

    def run_there(text: str, witness: Path, version: str, relay: Any) -> Any:
        try:
            from harness.execute.ray_worker import run_node
        except ImportError as error:
            import socket

            import ray

            machine = str(ray.get_runtime_context().get_node_id())
            return machine, socket.gethostname(), f"it cannot import harness: {error}"
        return run_node(text, witness, version, relay)

    return run_there  # made here, so it has no name by which Ray could look it up


def run_node(text: str, witness: Path, version: str, relay: Any) -> Finished | Failed | Unfit:
    """Run the node in the text of a node file; the last event of its run.

    The machine may have joined since the driver looked at all, so it is looked at again.
    """
    if problem := _fault(witness, version):
        import ray

        machine = str(ray.get_runtime_context().get_node_id())
        return Unfit(machine, socket.gethostname(), problem)

    def tell(event: Event) -> None:
        if not isinstance(event, Finished | Failed):
            relay.tell.remote(event)

    return run_job(thawed(text), tell)


def code_version() -> str:
    """What must be the same on every machine for a key to mean the same."""
    ours = {kind: run for kind, run in Run.kinds.items() if not is_own(run)}
    revisions = {kind: run.revision for kind, run in sorted(ours.items())}
    return f"{harness.__version__}, code {code_digest()} with revisions {revisions}"


def _fault(witness: Path, wanted: str) -> str:
    mine = code_version()
    if mine != wanted:
        return f"it has harness {mine}, and the driver {wanted}"
    return fault_of_store(witness)


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
