"""The local executor: worker processes on this machine, one node each.

A process is started when a node is ready and no other is idle. One that dies while it has nothing
to do is missed by nobody; a node that its process died before beginning goes to another, and one
that was running has failed.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from harness.errors import ExitCode
from harness.execute.cores import usable_cores
from harness.execute.environment import gpu_load
from harness.execute.events import Event, Failed, Finished, Retried
from harness.execute.executor import TICK_S, MakeJob, Queue, Tell, failed, settle
from harness.execute.interrupt import interruptible
from harness.execute.job import Job, run_job

GRACE_S = 5.0  # between asking a worker to end and making it
MEMORY = ", which systems do where memory runs out; then fewer --jobs help"
BUSY = 90.0  # percent of the time; a GPU that computes less has room for one more node
LOOK_S, LOOKS = 5.0, 4
ATTEMPTS = 3  # at beginning a node, each by another process


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    job: Job | None = None
    attempt: int = 1  # at its job
    has_begun: bool = False  # it has told something of its job


def always() -> bool:
    """One more node may start beside those that run."""
    return True


class IdleCard:
    """Whether one more may start on a GPU: those that run leave it idle, at several looks in a row;
    the next one has to see as many again, since a node takes a while to begin.
    """

    def __init__(self) -> None:
        self._asked, self._idle = time.monotonic(), 0

    def __call__(self) -> bool:
        if (now := time.monotonic()) - self._asked >= LOOK_S:
            load = gpu_load()
            self._asked = now
            self._idle = self._idle + 1 if load is not None and load < BUSY else 0
        joins = self._idle == LOOKS
        self._idle = 0 if joins else self._idle
        return joins


@dataclass(frozen=True)
class Local:
    """Runs nodes on up to `slots` worker processes of this machine, a further one beside others
    where it `joins` them.
    """

    slots: int
    joins: Callable[[], bool] = always

    @property
    def threads(self) -> int:
        """Each has its share of the cores."""
        return max(1, usable_cores() // self.slots)

    def __call__(self, queue: Queue, make_job: MakeJob, tell: Tell) -> Mapping[str, Failed]:
        """As `Executor` says."""
        failures: dict[str, Failed] = {}
        with interruptible(), _workers() as workers:
            while not queue.is_over:
                while self._has_room(queue) and (node := queue.next()) is not None:
                    _hand(_idle(workers), make_job(node))
                for event in _events(workers):
                    settle(event, queue, failures, tell)
                tell(None)
        return failures

    def _has_room(self, queue: Queue) -> bool:
        return len(queue.running) < self.slots and (not queue.running or self.joins())


def _idle(workers: list[_Worker]) -> _Worker:
    """One that has nothing to do; a new one where all are busy."""
    for worker in workers:
        if worker.job is None and worker.process.is_alive():
            return worker
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=serve, args=(there,), daemon=True)
    process.start()
    there.close()
    workers.append(_Worker(process, here))
    return workers[-1]


def _hand(worker: _Worker, job: Job, attempt: int = 1) -> None:
    worker.job, worker.attempt, worker.has_begun = job, attempt, False
    with suppress(ConnectionError):  # it has just died, and its sentinel says so
        worker.pipe.send(job)


def _events(workers: list[_Worker]) -> Iterator[Event]:
    """What the workers said, and what follows from the death of one."""
    pipes, sentinels = ([w.pipe for w in workers], [w.process.sentinel for w in workers])
    ready = wait([*pipes, *sentinels], timeout=TICK_S)
    for worker in [*workers]:
        yield from _said(worker)  # also the last words of one that has died
        if worker.process.sentinel in ready:
            workers.remove(worker)
            yield from _died(worker, workers)


def _said(worker: _Worker) -> Iterator[Event]:
    try:
        while worker.pipe.poll():
            event: Event = worker.pipe.recv()
            worker.has_begun = True
            if isinstance(event, Finished | Failed):
                worker.job = None
            yield event
    except (EOFError, OSError):
        return  # it died; its sentinel says so too


def _died(worker: _Worker, others: list[_Worker]) -> Iterator[Event]:
    worker.process.join()
    job, code = worker.job, worker.process.exitcode or 0
    if job is None:
        return
    how = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
    problem = f"the worker process ended {how}"
    if worker.has_begun:
        killed = code == -signal.SIGKILL
        yield failed(job, problem + (MEMORY if killed else ""))
    elif worker.attempt == ATTEMPTS:
        yield failed(job, f"{problem} before it began, at the last of {ATTEMPTS} attempts")
    else:
        attempt = worker.attempt + 1
        _hand(_idle(others), job, attempt)
        yield Retried(job.node.key, f"{problem} before it began", attempt, ATTEMPTS)


@contextmanager
def _workers() -> Iterator[list[_Worker]]:
    """Those that live, to be added to meanwhile; none is left at the end."""
    # One thread until a job says otherwise: two runs side by side on two cores must not have four.
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    workers: list[_Worker] = []
    try:
        yield workers
        for worker in workers:
            with suppress(ConnectionError):
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


def serve(pipe: Connection) -> None:
    """What a worker process does: run each job that comes, and tell what happens, until None or the
    end of the pipe.
    """
    obey_the_driver()
    with suppress(EOFError):
        while (job := pipe.recv()) is not None:
            run_job(job, pipe.send)


def obey_the_driver() -> None:
    """Leave Ctrl-C to the driver, and end when it ends."""
    # Ctrl-C reaches the whole group; the driver alone decides, and ends us by SIGTERM.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_the_driver, daemon=True).start()


def _end_with_the_driver() -> None:
    """A killed driver must not leave a worker that trains for nobody."""
    driver = multiprocessing.parent_process()
    if driver is not None:
        wait([driver.sentinel])
        os._exit(ExitCode.INTERRUPTED)
