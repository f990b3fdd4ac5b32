"""One node as a worker gets it, and the way that it takes: lease, claim, run, publish."""

from __future__ import annotations

import json
import logging
import os
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.errors import ExitCode, HarnessError
from harness.execute.environment import made_with, peak_memory_mb, reset_peak_memory
from harness.execute.events import (
    Advanced,
    Event,
    Failed,
    Finished,
    Started,
    Strayed,
    Waiting,
    logged,
    tail,
)
from harness.files import os_errors
from harness.plan.course import Course, outside
from harness.plan.node import Node
from harness.runs.place import Place, Progress
from harness.store.manifest import Manifest, Provenance
from harness.store.store import Store
from harness.store.studies import record_study

_log = logging.getLogger(__name__)
Tell = Callable[[Event], None]
GPU_MEMORY = "peak_gpu_memory_mb"  # among the numbers of a run that used a GPU


@dataclass(frozen=True)
class Job:
    """A node, and what its run is given: all that a worker needs, so that it never plans."""

    node: Node
    store: Path
    data: Path
    threads: int  # of a run that leaves them open
    requested: Mapping[str, Any]  # what the user typed
    environment: Mapping[str, Any]  # what only the one that plans knows of it
    anew: bool = False  # run it though it is stored, and take the place of what is
    study: Path | None = None  # the folder that its own Python is imported from
    must_resume: bool = False  # fail where a training would start from scratch
    course: Course = ()  # of such trainings, to be told of an epoch that is not like them

    @property
    def log(self) -> Path:
        """Where the run writes its log."""
        return self.store / "logs" / f"{self.node.key}.log"


def run_job(job: Job, tell: Tell) -> Finished | Failed:
    """Run one node, tell what happens and return the last of it; a fault of the run is told, never
    raised.
    """
    try:
        store = Store(job.store)
        with os_errors(job.log), logged(store.log_path(job.node.key)):
            if job.study is not None:
                record_study(store.tree, job.study)
            outcome = _logged_outcome(job, store, tell)
    except HarnessError as error:  # the disk takes not even a log
        outcome = Failed(job.node.key, str(error))
    tell(outcome)
    return outcome


def _logged_outcome(job: Job, store: Store, tell: Tell) -> Finished | Failed:
    key, log = job.node.key, str(job.log)
    try:
        return _run(job, store, tell)
    except HarnessError as error:
        before = tail(job.log)  # its words are the problem, and need not come twice
        _log.error("%s", error)
        return Failed(key, str(error), log, before)
    except Exception as error:
        _log.error("%s", traceback.format_exc())
        kind = type(error).__name__
        lacked = kind == "OutOfMemoryError"  # torch's; not imported to be asked
        return Failed(key, f"{kind}: {error}", log, tail(job.log), lacked_gpu_memory=lacked)


def _run(job: Job, store: Store, tell: Tell) -> Finished:
    from harness.runs.machine import in_use, peak_gpu_mb, reset_peak_gpu

    node, made = job.node, made_with()
    node.require_own_python()
    with store.lease(node.key, waiting=lambda holder: tell(Waiting(node.key, holder))):
        found = store.claim(node, code=made["code"], anew=job.anew)
        if isinstance(found, Manifest):
            return Finished(node.key, found.wall_s, here=False)
        tell(Started(node.key, found.resumed))
        if not found.resumed:  # what stands in the log is of another run
            with suppress(OSError):
                os.truncate(job.log, 0)
        fields = {"fields": {"spec": node.spec}}
        _log.info("run %s %s, resumed %d times", node.kind, node.key, found.resumed, extra=fields)
        inputs, cache = _inputs(node, store), store.tree.room("cache")
        folders = (found.files, found.checkpoints, job.data, inputs)
        place = Place(*folders, job.threads, cache, job.must_resume)
        node.full.load()  # before the clock starts
        reset_peak_memory()
        reset_peak_gpu()
        started, clock = datetime.now(UTC), time.perf_counter()

        def report(progress: Progress) -> None:
            _log.info("%s %d/%d %s", progress.unit, progress.done, progress.of, progress.note)
            tell(Advanced(node.key, progress))
            for problem in outside(job.course, progress.done, progress.numbers):
                _log.warning("%s", problem)
                tell(Strayed(node.key, problem))

        with os_errors(found.files):
            numbers = dict(node.full.run(place, report))
        if (gpu := peak_gpu_mb()) is not None:
            numbers[GPU_MEMORY] = gpu
        # a run that was taken up again counts what its earlier attempts spent, too
        wall_s = max(time.perf_counter() - clock, float(numbers.get("seconds") or 0.0))
        provenance = Provenance(
            started,
            wall_s,
            environment={**job.environment, **made, "code": found.code, "in_use": in_use()},
            requested=job.requested,
            peak_memory_mb=peak_memory_mb(),
            numbers=numbers,
        )
        _log.info("done in %.1f s: %s", wall_s, json.dumps(numbers))
        store.publish(node, found, provenance)
        return Finished(node.key, wall_s, here=True)


def _inputs(node: Node, store: Store) -> dict[str, Path]:
    """Folders of the nodes that this one needs, every byte of them compared first."""
    folders = {}
    for name, key in node.inputs.items():
        manifest = store.get(key)
        if manifest is None:
            problem = f"the input {name!r} is not in the store"
            raise HarnessError(f"node {node.key[:8]}", problem, code=ExitCode.RUN_FAILED)
        for file in manifest.files:
            store.artifact(key, file)
        folders[name] = store.folder(key)
    return folders
