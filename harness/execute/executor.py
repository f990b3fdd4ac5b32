"""What every executor is: one call that runs what a queue holds, and how its events count."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from harness.execute.events import Event, Failed, Finished
from harness.execute.job import Job
from harness.execute.queue import Queue
from harness.execute.runlog import tail
from harness.plan.node import Node

TICK_S = 0.5  # how often the screen is told that time passes

MakeJob = Callable[[Node], Job]
Tell = Callable[[Event | None], None]


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
    log = job.store / "logs" / f"{job.key}.log"
    return Failed(job.key, problem, str(log), tail(log))
