"""The machine as a run's numerics want it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from harness.engine.training.numerics import determinism
from harness.errors import ExitCode, HarnessError
from harness.runs.place import Place
from harness.spec.numerics import Numerics


def prepare(numerics: Numerics, place: Place) -> None:
    """Give torch the threads of this run.

    Raises:
        HarnessError: the run wants a GPU and there is none.
    """
    if numerics.device == "cuda" and not torch.cuda.is_available():
        raise HarnessError(
            "numerics.device",
            "the profile wants a GPU and torch finds none here",
            hint="--device cpu, or --profile smoke",
            code=ExitCode.RUN_FAILED,
        )
    torch.set_num_threads(numerics.threads or place.threads)


@contextmanager
def prepared(numerics: Numerics, place: Place) -> Iterator[torch.device]:
    """The same for a measurement: inside, its device, and only repeatable kernels if it wants."""
    prepare(numerics, place)
    with determinism(numerics.deterministic):
        yield torch.device(numerics.device)
