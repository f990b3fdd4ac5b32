"""float32 that means float32, for one block of code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch


@contextmanager
def full_precision() -> Iterator[None]:
    """Inside, float32 products are computed in float32: no TF32 on CUDA (its 10-bit mantissa moves
    CKA in the third digit), no bfloat16 on the CPU, whatever the program allows elsewhere.

    The settings are put back on the way out.
    """
    known: Any = torch.backends  # whose stubs lack some of these
    backends = (known.cuda.matmul, known.cudnn.conv, known.mkldnn.matmul, known.mkldnn.conv)
    before = [backend.fp32_precision for backend in backends]
    try:
        for backend in backends:
            backend.fp32_precision = "ieee"
        yield
    finally:
        for backend, precision in zip(backends, before, strict=True):
            backend.fp32_precision = precision
