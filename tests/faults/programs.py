"""Programs beside the tests, each of which tells what it found as a line of JSON for each point."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from tests.conftest import ROOT

SILENCE_S = 600.0  # a point takes seconds, and more on a busy machine; longer is a hang


def outcomes(
    program: Path, folder: Path, points: list[str], *, before: tuple[str, ...] = ()
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The undisturbed course, and what became of each point. It may take as long as it wants, but
    not be silent for long.
    """
    command = [*before, sys.executable, str(program), str(folder), *points]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    with (
        tempfile.TemporaryFile("w+") as complaints,
        subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            start_new_session=True,
        ) as running,
    ):
        told = _lines(running)
        code = running.wait()
        complaints.seek(0)
        assert code == 0, complaints.read()
    calm, *found = map(json.loads, told)
    assert len(found) == len(points)
    return calm, found


def _lines(running: subprocess.Popen[str]) -> list[str]:
    """All that it tells; killed, with its children, where it tells nothing for so long."""
    told: list[str] = []
    assert running.stdout is not None
    while True:
        watch = threading.Timer(SILENCE_S, os.killpg, (running.pid, signal.SIGKILL))
        watch.daemon = True
        watch.start()
        line = running.stdout.readline()
        watch.cancel()
        if not line:
            return told
        told.append(line)
