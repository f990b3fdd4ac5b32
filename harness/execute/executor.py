"""Who runs the nodes of a plan, as a user says it, and what every executor is: one call that runs
what a queue holds, the longest first among those whose inputs are there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from harness.errors import HarnessError
from harness.execute.events import Event, Failed, Finished, tail
from harness.execute.job import Job
from harness.measures.base import Run
from harness.parts.base import suggestion
from harness.plan.node import Node
from harness.plan.schedule import paths

TICK_S = 0.5  # how often the screen is told that time passes

MakeJob = Callable[[Node], Job]
Tell = Callable[[Event | None], None]

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9_./-]{0,61}[A-Za-z0-9])?"
_PIN = re.compile(rf"(?:(?P<kind>\w+):)?(?P<label>{_NAME})=(?P<value>{_NAME})")


class Where(StrEnum):
    """Which executor."""

    LOCAL = "local"
    RAY = "ray"


@dataclass(frozen=True)
class Pin:
    """Nodes of a kind, or of every kind, only on machines that carry a label."""

    kind: str | None
    label: str
    value: str


@dataclass(frozen=True)
class Crew:
    """The executor that was asked for; `address`, `retries` and `pins` are Ray's."""

    where: Where = Where.LOCAL
    jobs: int | None = None  # nodes side by side; None: as many as there is room for
    address: str | None = None  # of a running cluster; None: one of its own, on this machine
    retries: int = 2  # of a node whose worker or machine died
    pins: tuple[Pin, ...] = ()

    def labels(self, kind: str) -> Mapping[str, str]:
        """What a machine must carry to run nodes of this kind; what names it beats what does not.

        A later pin of the same label takes the place of an earlier one.
        """
        general = {pin.label: pin.value for pin in self.pins if pin.kind is None}
        return general | {pin.label: pin.value for pin in self.pins if pin.kind == kind}


def parse_pins(typed: Sequence[str]) -> tuple[Pin, ...]:
    """`pool=big` or `train:pool=big`, each once.

    Raises:
        HarnessError: it is neither, or names no kind of node.
    """
    pins = []
    for one in typed:
        if (found := _PIN.fullmatch(one)) is None:
            hint = "write LABEL=VALUE or KIND:LABEL=VALUE, as in train:pool=big"
            raise HarnessError(f"--pin {one[:80]}", "names no label of a machine", hint=hint)
        kind = found["kind"]
        if kind is not None and kind not in Run.kinds:
            problem = f"no kind of node is called {kind!r}"
            raise HarnessError(f"--pin {one}", problem, hint=suggestion(kind, Run.kinds))
        pins.append(Pin(kind, found["label"], found["value"]))
    return tuple(pins)


class Queue:
    """The nodes to run, and what became of them.

    The node goes first that, with the longest chain that waits for it, takes longest: so the last
    worker does not start the dearest node when the others are done.
    """

    def __init__(
        self, nodes: Iterable[Node], stored: set[str], seconds: Mapping[str, float]
    ) -> None:
        self.nodes = {node.key: node for node in nodes if node.key not in stored}
        self.seconds = dict(seconds)
        self.running: set[str] = set()
        self.done: set[str] = set()
        self.lost: set[str] = set()  # failed, or in need of what failed
        self._open = dict(self.nodes)
        self._paths = paths(list(self.nodes.values()), self.seconds)

    def next(self) -> Node | None:
        """The node to start now, or None while none is ready."""
        missing = self._open.keys() | self.running | self.lost
        ready = (one for one in self._open.values() if missing.isdisjoint(one.inputs.values()))
        node = max(ready, key=lambda one: self._paths[one.key], default=None)
        return node and self.take(node.key)

    def take(self, key: str) -> Node:
        """The node itself, which runs from now on."""
        self.running.add(key)
        return self._open.pop(key)

    def finish(self, key: str) -> None:
        """The node is in the store."""
        self.running.discard(key)
        self.done.add(key)

    def fail(self, key: str) -> list[Node]:
        """The node failed: those that need it, directly or not, will never be ready."""
        self.running.discard(key)
        self.lost.add(key)
        fell: list[Node] = []
        while lost := [one for one in self._open.values() if self.lost & {*one.inputs.values()}]:
            for node in lost:
                self.lost.add(node.key)
                fell.append(self._open.pop(node.key))
        return fell

    @property
    def is_over(self) -> bool:
        return not self._open and not self.running


class Executor(Protocol):
    """Runs nodes side by side, the longest first; the driver alone plans."""

    @property
    def slots(self) -> int:
        """How many nodes it runs at once, as far as that is known before."""
        ...

    @property
    def threads(self) -> int:
        """Threads of a node whose spec leaves them open."""
        ...

    def __call__(self, queue: Queue, make_job: MakeJob, tell: Tell) -> Mapping[str, Failed]:
        """Run what the queue holds; returns the failures by key.

        `tell` gets every event, and None twice a second. A failed node takes those with it that
        need it; the others go on.

        Raises:
            Interrupted: after all that it started has ended.
        """
        ...


def settle(event: Event, queue: Queue, failures: dict[str, Failed], tell: Tell) -> None:
    """Take an event into account, and tell it with what follows from it."""
    if isinstance(event, Finished):
        queue.finish(event.key)
    tell(event)
    if isinstance(event, Failed):
        failures[event.key] = event
        for node in queue.fail(event.key):
            problem = f"not run: it needs {event.key[:8]}, which failed"
            lost = Failed(node.key, problem, cause=event.key)
            failures[node.key] = lost
            tell(lost)


def failed(job: Job, problem: str) -> Failed:
    """A failure that the run itself could not tell, with the end of what it had logged."""
    return Failed(job.node.key, problem, str(job.log), tail(job.log))
