"""The local executor: worker processes on this machine, one node each."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from harness.errors import ExitCode, HarnessError
from harness.execute.cores import usable_cores
from harness.execute.events import Event, Failed, Finished
from harness.execute.executor import TICK_S, MakeJob, Tell, failed, settle
from harness.execute.interrupt import interruptible
from harness.execute.job import Job
from harness.execute.queue import Queue
from harness.execute.worker import serve

GRACE_S = 5.0  # between asking a worker to end and making it


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    job: Job | None = None


@dataclass(frozen=True)
class Local:
    """Runs nodes on `slots` worker processes of this machine."""

    slots: int

    @property
    def threads(self) -> int:
        """Each has its share of the cores."""
        return max(1, usable_cores() // self.slots)

    def __call__(self, queue: Queue, make_job: MakeJob, tell: Tell) -> Mapping[str, Failed]:
        """As `Executor` says."""
        failures: dict[str, Failed] = {}
        if queue.is_over:
            return failures
        with interruptible(), _workers(min(self.slots, len(queue.nodes))) as workers:
            while not queue.is_over:
                for worker in workers:
                    if worker.job is None and (node := queue.next()) is not None:
                        worker.job = make_job(node)
                        worker.pipe.send(worker.job)
                for event in _events(workers):
                    settle(event, queue, failures, tell)
                tell(None)
        return failures


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
    yield failed(job, f"the worker process ended {how}")


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
