"""Settings of torch that decide the last bits, set for one block of code and put back."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import MappingProxyType
from typing import Any, Literal, TypeVar

import torch

from harness.engine.arguments import choose

Precision = Literal["f32", "bf16", "fp16"]
Float32 = Literal["ieee", "tf32"]
Setting = TypeVar("Setting")

_AUTOCAST: Mapping[str, torch.dtype | None] = MappingProxyType(
    {"f32": None, "bf16": torch.bfloat16, "fp16": torch.float16}
)
_CUBLAS = "CUBLAS_WORKSPACE_CONFIG"


@contextmanager
def determinism(wanted: bool, *, tuned: bool = False) -> Iterator[None]:
    """Inside, with `wanted`, torch uses only kernels that give the same bits in every run, or
    raises RuntimeError. Without, cuDNN times its kernels and takes the fastest where `tuned` asks
    for that: worth it where the same shapes come often.

    On CUDA cuBLAS needs CUBLAS_WORKSPACE_CONFIG before its first call; it is set where it is
    missing. All settings are restored on the way out.
    """
    fill: Any = torch.utils.deterministic
    before = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    benchmark, filled = torch.backends.cudnn.benchmark, fill.fill_uninitialized_memory
    workspace = os.environ.get(_CUBLAS)
    try:
        if wanted:
            os.environ.setdefault(_CUBLAS, ":4096:8")
            torch.use_deterministic_algorithms(True)
            fill.fill_uninitialized_memory = False  # costs a pass over every new tensor
        if wanted or tuned:
            torch.backends.cudnn.benchmark = not wanted
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
def float32_products(how: Float32) -> Iterator[None]:
    """Inside, convolutions and matrix products of float32 are those of float32 on CUDA ("ieee"), or
    of factors rounded to a mantissa of 10 bits, added up in float32 ("tf32"). On the CPU they are
    those of float32, never of bfloat16.

    What the program allows elsewhere, and TORCH_ALLOW_TF32_CUBLAS_OVERRIDE, does not matter inside,
    and is put back on the way out. torch has two interfaces to these settings, and some readings of
    the older raise where the two disagree; inside they agree.
    """
    known: Any = torch.backends  # whose stubs lack some of these
    on_gpu = (known.cuda.matmul, known.cudnn.conv, known.cudnn.rnn)
    backends = (*on_gpu, known.mkldnn.matmul, known.mkldnn.conv)
    before = [backend.fp32_precision for backend in backends]
    products = _read(torch.get_float32_matmul_precision, _OLDER[before[0]])
    convolutions = _read(lambda: known.cudnn.allow_tf32, before[1] == "tf32")
    try:
        torch.set_float32_matmul_precision(_OLDER[how])
        known.cudnn.allow_tf32 = how == "tf32"
        for backend in backends:
            backend.fp32_precision = how if backend in on_gpu else "ieee"
        yield
    finally:
        torch.set_float32_matmul_precision(products)
        known.cudnn.allow_tf32 = convolutions
        for backend, precision in zip(backends, before, strict=True):
            backend.fp32_precision = precision


def full_precision() -> AbstractContextManager[None]:
    """Inside, products of float32 are those of float32; TF32 moves CKA in the third digit."""
    return float32_products("ieee")


_OLDER: Mapping[str, str] = MappingProxyType({"ieee": "highest", "none": "highest", "tf32": "high"})
"""What the older interface calls a precision of matrix products."""


def _read(setting: Callable[[], Setting], otherwise: Setting) -> Setting:
    """A setting of the older interface; the other's word where the two disagree."""
    try:
        return setting()
    except RuntimeError:
        return otherwise
