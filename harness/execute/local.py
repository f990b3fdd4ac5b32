"""The local executor: worker processes on this machine, one node each."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import FrameType

from harness.errors import ExitCode, HarnessError
from harness.execute.events import Event, Failed, Finished
from harness.execute.job import Job
from harness.execute.queue import Queue
from harness.execute.runlog import tail
from harness.execute.worker import serve
from harness.plan.node import Node

GRACE_S = 5.0  # between asking a worker to end and making it
TICK_S = 0.5  # how often the screen is told that time passes

MakeJob = Callable[[Node], Job]
Tell = Callable[[Event | None], None]


class Interrupted(Exception):
    """Ctrl-C or SIGTERM arrived; workers are ended, checkpoints stay."""


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    job: Job | None = None


def execute(queue: Queue, make_job: MakeJob, *, slots: int, tell: Tell) -> Mapping[str, Failed]:
    """Run what the queue holds on `slots` worker processes; returns the failures by key.

    `tell` gets every event, and None twice a second. A failed node takes those with it that need
    it; the others go on.

    Raises:
        Interrupted: after all workers have ended.
    """
    failures: dict[str, Failed] = {}
    if queue.is_over:
        return failures
    with _interruptible(), _workers(min(slots, len(queue.nodes))) as workers:
        while not queue.is_over:
            for worker in workers:
                if worker.job is None and (node := queue.next()) is not None:
                    worker.job = make_job(node)
                    worker.pipe.send(worker.job)
            for event in _events(workers):
                _settle(event, queue, failures, tell)
            tell(None)
    return failures


def _settle(event: Event, queue: Queue, failures: dict[str, Failed], tell: Tell) -> None:
    if isinstance(event, Finished):
        queue.finish(event.key)
    tell(event)
    if isinstance(event, Failed):
        failures[event.key] = event
        for node in queue.fail(event.key):
            lost = Failed(node.key, f"not run: it needs {event.key[:8]}, which failed")
            failures[node.key] = lost
            tell(lost)


def _events(workers: list[_Worker]) -> Iterator[Event]:
    """What the workers said, and the death of one as the failure of its node."""
    heard = {worker.pipe: worker for worker in workers}
    ended = {worker.process.sentinel: worker for worker in workers}
    ready = wait([*heard, *ended], timeout=TICK_S)
    for worker in workers:
        if worker.pipe in ready:
            yield from _said(worker)
        if worker.process.sentinel in ready:
            yield from _died(worker)


def _said(worker: _Worker) -> Iterator[Event]:
    try:
        while worker.pipe.poll():
            event: Event = worker.pipe.recv()
            if isinstance(event, Finished | Failed):
                worker.job = None
            yield event
    except (EOFError, OSError):
        return  # it died; its sentinel says so too


def _died(worker: _Worker) -> Iterator[Event]:
    worker.process.join()
    code = worker.process.exitcode or 0
    how = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
    job = worker.job
    if job is None:
        problem = f"a worker process ended {how} before it had anything to do"
        raise HarnessError("worker", problem, hint="harness doctor", code=ExitCode.RUN_FAILED)
    fresh = _start()
    worker.process, worker.pipe, worker.job = fresh.process, fresh.pipe, None
    log = job.store / "logs" / f"{job.key}.log"
    yield Failed(job.key, f"the worker process ended {how}", str(log), tail(log))


def _start() -> _Worker:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=serve, args=(there,), daemon=True)
    process.start()
    there.close()
    return _Worker(process, here)


@contextmanager
def _workers(count: int) -> Iterator[list[_Worker]]:
    # One thread until a job says otherwise: two runs side by side on two cores must not have four.
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    workers = [_start() for _ in range(count)]
    try:
        yield workers
        for worker in workers:
            worker.pipe.send(None)
            worker.process.join(GRACE_S)
    finally:
        if before is None:
            os.environ.pop("OMP_NUM_THREADS", None)
        for worker in workers:
            worker.process.terminate()
        for worker in workers:
            worker.process.join(GRACE_S)
            worker.process.kill()
            worker.process.join()


@contextmanager
def _interruptible() -> Iterator[None]:
    """SIGINT and SIGTERM raise `Interrupted` in the driver while it runs."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        for one in before:
            signal.signal(one, signal.SIG_IGN)  # a second one must not cut the ending short
        raise Interrupted(signal.Signals(number).name)

    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    for one in before:
        signal.signal(one, interrupt)
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def default_slots(cores: int, cuda: bool) -> int:
    """One run per core; on a GPU one at a time, since a run may want all of its memory."""
    return 1 if cuda else max(1, cores)


def usable_cores() -> int:
    """Cores that this process may use: fewer than the machine has inside a container or job."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
