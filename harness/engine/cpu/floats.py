"""Number formats inside numba kernels: bfloat16 as its bits, and a multiply-add of one rounding.

numba has no bfloat16. A kernel gets such a tensor as the uint16 array of its bits, reads it with
`widened` and writes it with `put`; on float32 arrays both are what they seem, so one kernel serves
both formats, compiled for each. All of it turns into vector code.

Importing this file imports numba.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar, cast

import numpy as np
from numba import config, njit, types
from numba.extending import intrinsic, overload
from numpy.typing import NDArray

from harness.engine.cpu.process import kernel_cache

_SHIFT = np.uint32(16)  # bfloat16 is the upper half of a float32
_LAST_BIT = np.uint32(1)
_JUST_BELOW_HALF = np.uint32(0x7FFF)

_CONFIG: Any = config  # its names are made when it is imported

Array = NDArray[Any]  # float32, or the bits of bfloat16
Number = float | np.float32  # float32 where it counts: a float64 would widen the arithmetic
Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def jit(kernel: Kernel) -> Kernel:
    """Compile at first call, cached on disk where there is a place (`kernel_cache`); other Python
    threads run meanwhile. No fast-math: a multiply-add that the compiler fuses rounds once instead
    of twice and would flip spikes.
    """
    place = kernel_cache()
    before, _CONFIG.CACHE_DIR = _CONFIG.CACHE_DIR, str(place or "")  # read when a kernel is made
    try:
        compiled: Any = njit(nogil=True, cache=place is not None, error_model="numpy")(kernel)
    finally:
        _CONFIG.CACHE_DIR = before
    _forgive(compiled._cache)
    return cast("Kernel", compiled)


def _forgive(kept: Any) -> None:
    """Have a damaged file of numba's cache, or a disk that takes no more, cost a compilation and
    not the run.
    """
    load, save = kept.load_overload, kept.save_overload

    def loaded(*args: Any) -> Any:
        try:
            return load(*args)
        except Exception:  # whatever bytes that no pickle has make it raise
            with suppress(OSError):
                kept.flush()
            return None

    def saved(*args: Any) -> None:
        with suppress(OSError):
            save(*args)

    kept.load_overload, kept.save_overload = loaded, saved


@intrinsic
def _fma(context: Any, a: Any, b: Any, c: Any) -> Any:
    """a·b + c of three float32, rounded once: so rounds torch's batch norm on contiguous images."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fma(*arguments)

    return types.float32(types.float32, types.float32, types.float32), code


fma = cast("Callable[[Any, Any, Any], Any]", _fma)


def widened(number: Any) -> Any:
    """float32 of a float32, or of the bits of a bfloat16. For kernels only."""
    raise TypeError("compiled code only")


@overload(widened)
def _widened(number: Any) -> Any:
    def exact(number: Any) -> Any:
        return number

    def from_bits(number: Any) -> Any:
        return np.uint32(np.uint32(number) << _SHIFT).view(np.float32)

    return from_bits if number == types.uint16 else exact


def put(row: Any, place: Any, number: Any) -> None:
    """row[place] = a float32, rounded to the nearest bfloat16 (ties to even) where `row` holds the
    bits of those. For kernels only.
    """
    raise TypeError("compiled code only")


@overload(put)
def _put(row: Any, place: Any, number: Any) -> Any:
    def exact(row: Any, place: Any, number: Any) -> None:
        row[place] = number

    def rounded(row: Any, place: Any, number: Any) -> None:
        bits = np.float32(number).view(np.uint32)
        up = _JUST_BELOW_HALF + ((bits >> _SHIFT) & _LAST_BIT)
        row[place] = np.uint16(np.uint32(bits + up) >> _SHIFT)

    return rounded if row.dtype == types.uint16 else exact
