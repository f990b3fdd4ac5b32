"""The machine as a run's numerics want it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from harness.engine.training.numerics import determinism, float32_products
from harness.errors import ExitCode, HarnessError
from harness.parts.measurement import Numerics
from harness.runs.place import Place

_FIRST_WITH_TF32 = 8  # compute capability, of Ampere


def prepare(numerics: Numerics, place: Place) -> None:
    """Give torch the threads of this run.

    Raises:
        HarnessError: the run wants a GPU and there is none, or one that computes otherwise.
    """
    if numerics.device == "cuda" and not torch.cuda.is_available():
        raise HarnessError(
            "numerics.device",
            "the profile wants a GPU and torch finds none here",
            hint="--device cpu, or --profile smoke",
            code=ExitCode.RUN_FAILED,
        )
    if numerics.device == "cuda":
        _require_float32(numerics.float32)
    torch.set_num_threads(numerics.threads or place.threads)


def _require_float32(how: str) -> None:
    """Raise HarnessError where the card or the environment makes other products of float32."""
    forced = {"0": "ieee", "1": "tf32"}.get(os.environ.get("NVIDIA_TF32_OVERRIDE", ""), how)
    major, minor = torch.cuda.get_device_capability()
    if forced != how:
        problem = f"NVIDIA_TF32_OVERRIDE makes {forced!r} of {how!r}"
        hint = "unset NVIDIA_TF32_OVERRIDE"
    elif how == "tf32" and major < _FIRST_WITH_TF32:
        problem = f"a GPU of compute capability {major}.{minor} has no TF32"
        hint = "--set numerics.float32=ieee"
    else:
        return
    raise HarnessError("numerics.float32", problem, hint=hint, code=ExitCode.RUN_FAILED)


@contextmanager
def prepared(numerics: Numerics, place: Place) -> Iterator[torch.device]:
    """The same for a measurement: inside, its device, and only repeatable kernels if it wants."""
    prepare(numerics, place)
    with determinism(numerics.deterministic), float32_products(numerics.float32):
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
