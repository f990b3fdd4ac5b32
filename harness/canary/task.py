"""What the canary runs in processes of their own, where alone torch is loaded, and what it gets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.canary.values import Series


@dataclass(frozen=True)
class Task:
    """What to run. `kind` is that of a run, or `late` or `neuron`; `spec` its model as JSON."""

    kind: str
    name: str
    key: str
    spec: str
    inputs: Mapping[str, str] = field(default_factory=dict)  # side → key


@dataclass(frozen=True)
class Done:
    """What came of a task: float64 series, the same in real arithmetic by precision (of forced
    steps those alone), the seconds of a processor that it took, and why it did not run.
    """

    kind: str
    name: str
    exact: Series
    real: Mapping[str, Series]
    seconds: float
    problem: str = ""

    @property
    def digest(self) -> str:
        """Of every number: what equal arithmetic gives again to the bit."""
        said = json.dumps([dict(self.exact), {k: dict(v) for k, v in self.real.items()}])
        return hashlib.sha256(said.encode()).hexdigest()


@dataclass(frozen=True)
class Room:
    """Where tasks work: a folder that is thrown away, late weights, the device of real runs."""

    folder: Path
    late: Path
    device: str

    def arithmetic(self, precision: str) -> str:
        """What limits call it: `f32`, or on a GPU `f32 on cuda`."""
        return precision if self.device == "cpu" else f"{precision} on {self.device}"


def carried_out(task: Task, room: Room) -> Done:
    """Run a task, in whichever process this is called."""
    from harness.canary.kinds import carried_out as run  # brings torch

    return run(task, room)


def trained_late(task: Task, room: Room) -> tuple[str, bytes]:
    """Train a network to the end; the name of its file of weights, and the file."""
    from harness.canary.kinds import trained_late as run

    return run(task, room)
