"""The machine as a run's numerics want it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from harness.engine.training.numerics import determinism
from harness.errors import ExitCode, HarnessError
from harness.parts.measurement import Numerics
from harness.runs.place import Place


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


def in_use() -> dict[str, str]:
    """What computes in this process, as torch says itself: its version, and the instruction set for
    which ATen chose its kernels.
    """
    return {
        "torch": str(torch.__version__),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
    }


def reset_peak_gpu() -> None:
    """Start the peak of what this process holds on GPUs anew, and let go of what it holds idly."""
    if _uses_gpu():
        torch.cuda.empty_cache()
        for device in range(torch.cuda.device_count()):
            torch.cuda.reset_peak_memory_stats(device)


def peak_gpu_mb() -> float | None:
    """Peak memory that torch reserved on any one GPU since the reset, in MB; None without one."""
    if not _uses_gpu():
        return None
    devices = range(torch.cuda.device_count())
    return max(torch.cuda.max_memory_reserved(device) for device in devices) / 1e6


def _uses_gpu() -> bool:
    return bool(torch.cuda.is_initialized())  # type: ignore[no-untyped-call]
