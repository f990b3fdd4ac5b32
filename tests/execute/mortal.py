"""Worker processes for test_local that live and die by a script: `KEY.end` in the folder of a job
lets its node end, and its kind may say that the worker dies before.
"""

from __future__ import annotations

import os
import signal
import time
from multiprocessing.connection import Connection

from harness.execute.events import Finished, Started
from harness.execute.job import Job


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def serve(pipe: Connection) -> None:
    """As the real one, but nothing is computed, and `Started.resumed` names the process."""
    while (job := pipe.recv()) is not None:
        run(job, pipe)


def run(job: Job, pipe: Connection) -> None:
    if job.node.kind == "dies before":
        die()
    pipe.send(Started(job.node.key, os.getpid()))
    if job.node.kind == "dies within":
        die()
    while not (job.store / f"{job.node.key}.end").exists():
        time.sleep(0.01)
    pipe.send(Finished(job.node.key, 0.0, here=True))
