"""A worker process: takes jobs from a pipe, one after the other, and tells what happens."""

from __future__ import annotations

import os
import signal
import threading
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait

from harness.errors import ExitCode
from harness.execute.events import Event
from harness.execute.job import run_job


def serve(pipe: Connection) -> None:
    """Run each job that comes until None or the end of the pipe."""
    obey_the_driver()

    def tell(event: Event) -> None:
        pipe.send(event)

    while True:
        try:
            job = pipe.recv()
        except EOFError:
            return
        if job is None:
            return
        run_job(job, tell)


def obey_the_driver() -> None:
    """Leave Ctrl-C to the driver, and end when it ends."""
    # Ctrl-C reaches the whole group; the driver alone decides, and ends us by SIGTERM.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_the_driver, daemon=True).start()


def _end_with_the_driver() -> None:
    """A killed driver must not leave a worker that trains for nobody."""
    driver = parent_process()
    if driver is not None:
        wait([driver.sentinel])
        os._exit(ExitCode.INTERRUPTED)
