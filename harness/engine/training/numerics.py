"""Settings of torch that decide the last bits, set for one block of code and put back."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from types import MappingProxyType
from typing import Any, Literal

import torch

from harness.engine.arguments import choose

Precision = Literal["f32", "bf16", "fp16"]

_AUTOCAST: Mapping[str, torch.dtype | None] = MappingProxyType(
    {"f32": None, "bf16": torch.bfloat16, "fp16": torch.float16}
)
_CUBLAS = "CUBLAS_WORKSPACE_CONFIG"


@contextmanager
def determinism(wanted: bool) -> Iterator[None]:
    """Inside, with `wanted`, torch uses only kernels that give the same bits in every run, or
    raises RuntimeError.

    On CUDA cuBLAS needs CUBLAS_WORKSPACE_CONFIG before its first call; it is set where it is
    missing. All settings are restored on the way out.
    """
    if not wanted:
        yield
        return
    fill: Any = torch.utils.deterministic
    before = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    benchmark, filled = torch.backends.cudnn.benchmark, fill.fill_uninitialized_memory
    workspace = os.environ.get(_CUBLAS)
    try:
        os.environ.setdefault(_CUBLAS, ":4096:8")
        torch.use_deterministic_algorithms(True)
        torch.backends.cudnn.benchmark = False
        fill.fill_uninitialized_memory = False  # costs a pass over every new tensor
        yield
    finally:
        fill.fill_uninitialized_memory = filled
        torch.backends.cudnn.benchmark = benchmark
        torch.use_deterministic_algorithms(before, warn_only=warn_only)
        if workspace is None:
            os.environ.pop(_CUBLAS, None)


def autocast(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """Mixed precision for the forward pass: convolutions in bf16 or fp16, membranes and loss in
    float32.
    """
    dtype = choose(_AUTOCAST, precision, where="training precision")
    if dtype is None:
        return nullcontext()
    return torch.autocast(device.type, dtype=dtype)


@contextmanager
def full_precision() -> Iterator[None]:
    """Inside, float32 products are computed in float32: no TF32 on CUDA (its 10-bit mantissa moves
    CKA in the third digit), no bfloat16 on the CPU, whatever the program allows elsewhere.

    The settings are put back on the way out. torch has an older way to say the same, and raises
    where that is read and the two differ; so both are set, the older one first.
    """
    known: Any = torch.backends  # whose stubs lack some of these
    backends = (known.cuda.matmul, known.cudnn.conv, known.mkldnn.matmul, known.mkldnn.conv)
    before = [backend.fp32_precision for backend in backends]
    older, convolutions = torch.get_float32_matmul_precision(), True  # as torch has it
    with suppress(RuntimeError):  # they differ already
        convolutions = known.cudnn.allow_tf32
    try:
        torch.set_float32_matmul_precision("highest")
        known.cudnn.allow_tf32 = False
        for backend in backends:
            backend.fp32_precision = "ieee"
        yield
    finally:
        torch.set_float32_matmul_precision(older)
        known.cudnn.allow_tf32 = convolutions
        for backend, precision in zip(backends, before, strict=True):
            backend.fp32_precision = precision
