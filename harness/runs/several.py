"""One training in several processes: the worker starts them through torchrun and hears the first.

The worker keeps the lease, the claim and the publishing of the run; its processes, one per GPU, do
the work in its folders. They meet on this machine alone.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.errors import ExitCode, HarnessError
from harness.measures.base import Training
from harness.runs.place import Numbers, Place, Progress, Report, write_json

TICK_S = 0.1
GRACE_S = 5.0
LAST = 20  # lines of what the processes said, in the error
_log = logging.getLogger(__name__)


def run_in_ranks(spec: Training, place: Place, report: Report) -> Numbers:
    """Train in `spec.numerics.world_size` processes; the files and numbers are those of the first.

    Raises:
        HarnessError: what a process raised, or how the processes ended.
    """
    room = _room(spec, place)
    process = _torchrun(room, spec.numerics.world_size)
    try:
        for progress in _told(room / "told.jsonl", process):
            report(progress)
    finally:
        _end(process)
    said = (room / "log").read_text(encoding="utf-8", errors="replace")
    _log.info("the processes said:\n%s", said)
    if process.returncode:
        raise _fault(room, process.returncode, said)
    numbers: Numbers = json.loads((room / "numbers.json").read_text(encoding="utf-8"))
    return numbers


def _room(spec: Training, place: Place) -> Path:
    """An empty folder for what the processes are told and tell."""
    room = place.checkpoints / "ranks"
    room.mkdir(parents=True, exist_ok=True)
    for left in room.iterdir():
        left.unlink()
    threads = max(1, place.threads // spec.numerics.world_size)
    said = {name: str(getattr(place, name)) for name in ("files", "checkpoints", "data", "cache")}
    inputs = {name: str(folder) for name, folder in place.inputs.items()}
    job = {"spec": spec.model_dump_json(), **said, "inputs": inputs, "threads": threads}
    job["must_resume"] = place.must_resume
    write_json(room / "job.json", job)
    (room / "told.jsonl").touch()
    return room


def _torchrun(room: Path, world_size: int) -> subprocess.Popen[bytes]:
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    ours = ["--nproc-per-node", str(world_size), "--module", "harness.runs.several", str(room)]
    known = os.pathsep.join(filter(None, sys.path))  # a checkout need not be installed
    environment = {**os.environ, "HARNESS_WORKER": str(os.getpid()), "PYTHONPATH": known}
    with (room / "log").open("wb") as log:
        return subprocess.Popen(  # noqa: S603 - our own module
            [*torchrun, *ours],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
        )


def _told(path: Path, process: subprocess.Popen[bytes]) -> Iterator[Progress]:
    """What the first process reports, while any of them lives and for what was left unread."""
    with path.open(encoding="utf-8") as lines:
        begun = ""
        while True:
            ended = process.poll() is not None
            for line in lines:
                begun += line
                if begun.endswith("\n"):
                    yield Progress(**json.loads(begun))
                    begun = ""
            if ended:
                return
            time.sleep(TICK_S)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()  # torchrun ends its processes
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()  # they notice that it is gone
            process.wait()


def _fault(room: Path, code: int, said: str) -> HarnessError:
    for path in sorted(room.glob("fault-*.json")):
        fields = json.loads(path.read_text(encoding="utf-8"))
        return HarnessError(
            fields["where"], fields["problem"], hint=fields["hint"], code=ExitCode.RUN_FAILED
        )
    tail = "\n".join(said.splitlines()[-LAST:])
    problem = f"the processes ended with exit code {code}:\n{tail}"
    return HarnessError("training in several processes", problem, code=ExitCode.RUN_FAILED)


def main(room: Path) -> int:
    """One of the processes, started by torchrun."""
    threading.Thread(target=_end_with_the_worker, daemon=True).start()
    rank = int(os.environ["RANK"])
    try:
        _train(room, rank, int(os.environ["WORLD_SIZE"]))
    except HarnessError as error:
        fault = {"where": error.where, "problem": error.problem, "hint": error.hint}
        write_json(room / f"fault-{rank}.json", fault)
        return int(ExitCode.RUN_FAILED)
    return int(ExitCode.OK)


def _train(room: Path, rank: int, size: int) -> None:
    import torch
    from torch import distributed

    from harness.engine.training.ranks import Ranks
    from harness.runs import train

    job = json.loads((room / "job.json").read_text(encoding="utf-8"))
    spec = Training.model_validate_json(job.pop("spec"), strict=True)
    place = _place(job)
    device: str = spec.numerics.device
    if device == "cuda":
        device = f"cuda:{os.environ['LOCAL_RANK']}"
        torch.cuda.set_device(device)

    def tell(progress: Progress) -> None:
        with (room / "told.jsonl").open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(asdict(progress)) + "\n")

    distributed.init_process_group("nccl" if spec.numerics.device == "cuda" else "gloo")
    try:
        ranks = Ranks(rank, size, spec.numerics.batch_statistics)
        numbers = train.trained_in(spec, place, tell, ranks, device)
        if ranks.first:
            write_json(room / "numbers.json", dict(numbers))
    finally:
        distributed.destroy_process_group()


def _place(job: dict[str, Any]) -> Place:
    folders = {name: Path(job[name]) for name in ("files", "checkpoints", "data", "cache")}
    inputs = {name: Path(folder) for name, folder in job["inputs"].items()}
    must = bool(job["must_resume"])
    return Place(**folders, inputs=inputs, threads=job["threads"], must_resume=must)


def _end_with_the_worker() -> None:
    """A killed worker must not leave processes that train for nobody."""
    worker = int(os.environ["HARNESS_WORKER"])
    while True:
        time.sleep(TICK_S)
        try:
            os.kill(worker, 0)
        except ProcessLookupError:
            os._exit(ExitCode.INTERRUPTED)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
