"""One node as a worker gets it, and the way that it takes: lease, claim, run, publish."""

from __future__ import annotations

import json
import logging
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.errors import ExitCode, HarnessError
from harness.execute.environment import peak_memory_mb, reset_peak_memory
from harness.execute.events import Advanced, Event, Failed, Finished, Started, Waiting
from harness.execute.runlog import logged, tail
from harness.parts.base import identity
from harness.plan.node import Node
from harness.runs.place import Place, Progress
from harness.store.durable import os_errors
from harness.store.manifest import Identity, Manifest, Provenance
from harness.store.store import Store

_log = logging.getLogger(__name__)
Tell = Callable[[Event], None]
GPU_MEMORY = "peak_gpu_memory_mb"  # among the numbers of a run that used a GPU


@dataclass(frozen=True)
class Job:
    """A frozen node: everything that a worker needs, in plain values, so that it never plans."""

    kind: str
    revision: int
    key: str
    spec_json: str  # the full spec, with the presentation fields that a download needs
    inputs: Mapping[str, str]
    store: Path
    data: Path
    threads: int
    requested: Mapping[str, Any]
    environment: Mapping[str, Any]


def job_of(
    node: Node,
    *,
    store: Path,
    data: Path,
    threads: int,
    requested: Mapping[str, Any],
    environment: Mapping[str, Any],
) -> Job:
    """The job of a planned node."""
    return Job(
        node.kind,
        node.revision,
        node.key,
        node.full.model_dump_json(),
        dict(node.inputs),
        store,
        data,
        threads,
        requested,
        environment,
    )


def run_job(job: Job, tell: Tell) -> Finished | Failed:
    """Run one node, tell what happens and return the last of it; a fault of the run is told, never
    raised.
    """
    outcome = _outcome(job, tell)
    tell(outcome)
    return outcome


def _outcome(job: Job, tell: Tell) -> Finished | Failed:
    log = job.store / "logs" / f"{job.key}.log"
    try:
        store = Store(job.store)
        with os_errors(log), logged(store.log_path(job.key)):
            return _logged_outcome(job, store, log, tell)
    except HarnessError as error:  # the disk takes not even a log
        return Failed(job.key, str(error))


def _logged_outcome(job: Job, store: Store, log: Path, tell: Tell) -> Finished | Failed:
    try:
        return _run(job, store, tell)
    except HarnessError as error:
        before = tail(log)  # its words are the problem, and need not come twice
        _log.error("%s", error)
        return Failed(job.key, str(error), str(log), before)
    except Exception as error:
        _log.error("%s", traceback.format_exc())
        return Failed(job.key, f"{type(error).__name__}: {error}", str(log), tail(log))


def _run(job: Job, store: Store, tell: Tell) -> Finished:
    from harness.runs.machine import peak_gpu_mb, reset_peak_gpu
    from harness.runs.registry import RUNNERS  # imports torch, so only here

    runner = RUNNERS[job.kind]
    spec = runner.spec.model_validate_json(job.spec_json, strict=True)
    said = Identity(job.kind, job.revision, identity(spec), job.inputs, job.key)
    with store.lease(job.key, waiting=lambda holder: tell(Waiting(job.key, holder))):
        found = store.claim(said)
        if isinstance(found, Manifest):
            return Finished(job.key, found.wall_s, here=False)
        tell(Started(job.key, found.resumed))
        fields = {"fields": {"spec": said.spec}}
        _log.info("run %s %s, resumed %d times", job.kind, job.key, found.resumed, extra=fields)
        place = Place(
            found.files,
            found.checkpoints,
            job.data,
            _inputs(job, store),
            job.threads,
            store.tree.room("cache"),
        )
        reset_peak_memory()
        reset_peak_gpu()
        started, clock = datetime.now(UTC), time.perf_counter()

        def report(progress: Progress) -> None:
            _log.info("%s %d/%d %s", progress.unit, progress.done, progress.of, progress.note)
            tell(Advanced(job.key, progress))

        with os_errors(found.files):
            numbers = dict(runner.run(spec, place, report))
        if (gpu := peak_gpu_mb()) is not None:
            numbers[GPU_MEMORY] = gpu
        # a run that was taken up again counts what its earlier attempts spent, too
        wall_s = max(time.perf_counter() - clock, float(numbers.get("seconds") or 0.0))
        provenance = Provenance(
            started,
            wall_s,
            environment=job.environment,
            requested=job.requested,
            peak_memory_mb=peak_memory_mb(),
            numbers=numbers,
        )
        _log.info("done in %.1f s: %s", wall_s, json.dumps(numbers))
        store.publish(said, found, provenance)
        return Finished(job.key, wall_s, here=True)


def _inputs(job: Job, store: Store) -> dict[str, Path]:
    """Folders of the nodes that this one needs, every byte of them compared first."""
    folders = {}
    for name, key in job.inputs.items():
        manifest = store.get(key)
        if manifest is None:
            problem = f"the input {name!r} is not in the store"
            raise HarnessError(f"node {job.key[:8]}", problem, code=ExitCode.RUN_FAILED)
        for file in manifest.files:
            store.artifact(key, file)
        folders[name] = store.folder(key)
    return folders
