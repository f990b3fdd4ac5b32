"""A run in several processes leaves what one would, tells of it, and leaves no process behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from harness.errors import ExitCode, HarnessError
from harness.measures.base import Training
from harness.runs import train
from harness.runs.place import Progress
from tests.runs.test_revisions import TINY, place, tiny


def spec(**numerics: Any) -> Training:
    training: Training = tiny("table1", *TINY, "neuron=lif")[0].full
    return training.model_copy(update={"numerics": training.numerics.model_copy(update=numerics)})


def test_two_processes_leave_the_files_of_one(tmp_path: Path) -> None:
    told: list[Progress] = []
    one, two = place(tmp_path / "one"), place(tmp_path / "two")
    train.run(spec(), one, lambda progress: None)
    numbers = train.run(spec(world_size=2), two, told.append)
    found, expected = (json.loads((here.files / "metrics.json").read_text()) for here in (two, one))
    assert found["history"][0]["train_loss"] == pytest.approx(
        expected["history"][0]["train_loss"], rel=1e-4
    )
    assert found["parameters"] == expected["parameters"]
    assert sorted(path.name for path in two.files.iterdir()) == sorted(
        path.name for path in one.files.iterdir()
    )
    assert numbers["last_accuracy"] == found["last_accuracy"]
    assert [(one.done, one.of) for one in told] == [(1, 1)]


def test_what_a_process_raises_is_the_error_of_the_run(tmp_path: Path) -> None:
    two = spec(world_size=2)
    wrong = two.model_copy(update={"recipe": two.recipe.model_copy(update={"micro_batch": 8})})
    with pytest.raises(HarnessError, match="split a batch already") as caught:
        train.run(wrong, place(tmp_path), lambda progress: None)
    assert caught.value.code is ExitCode.RUN_FAILED
    assert list((tmp_path / "files").iterdir()) == []


WORKER = """
import sys
from pathlib import Path
from harness.runs import train
from harness.measures.base import Training
from harness.runs.place import Place
folder = Path(sys.argv[1])
spec = Training.model_validate_json((folder / "spec.json").read_text(), strict=True)
folders = [folder / name for name in ("files", "checkpoints", "data")]
train.run(spec, Place(*folders, {}, 1, folder / "cache"), print)
"""


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="reads /proc")
def test_a_killed_worker_leaves_no_process(tmp_path: Path) -> None:
    place(tmp_path)
    long = spec(world_size=2)
    long = long.model_copy(update={"recipe": long.recipe.model_copy(update={"epochs": 10_000})})
    (tmp_path / "spec.json").write_text(long.model_dump_json())
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(tmp_path)], stdout=subprocess.DEVNULL
    )
    try:
        told = tmp_path / "checkpoints/ranks/told.jsonl"
        _until(lambda: told.is_file() and told.stat().st_size > 0, 120)
        assert len(_naming(tmp_path)) >= 3  # the worker's torchrun, and two processes
    finally:
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
    _until(lambda: not _naming(tmp_path), 30)


def _until(holds: Any, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.1)


def _naming(folder: Path) -> list[int]:
    """Processes with the folder on their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().decode(errors="replace")
        except OSError:
            continue  # it ended meanwhile
        if str(folder) in line:
            found.append(int(path.parent.name))
    return found
