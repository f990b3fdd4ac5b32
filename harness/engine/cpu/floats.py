"""Number formats inside numba kernels: bfloat16 as its bits, and a multiply-add of one rounding.

numba has no bfloat16. A kernel gets such a tensor as the uint16 array of its bits, reads it with
`widened` and writes it with `put`; on float32 arrays both are what they seem, so one kernel serves
both formats, compiled for each. All of it turns into vector code.

Importing this file imports numba.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit, types
from numba.extending import intrinsic, overload
from numpy.typing import NDArray

_SHIFT = np.uint32(16)  # bfloat16 is the upper half of a float32
_LAST_BIT = np.uint32(1)
_JUST_BELOW_HALF = np.uint32(0x7FFF)

Array = NDArray[Any]  # float32, or the bits of bfloat16
Number = float | np.float32  # float32 where it counts: a float64 would widen the arithmetic
Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def jit(kernel: Kernel) -> Kernel:
    """Compile at first call, cached on disk; other Python threads run meanwhile. No fast-math: a
    multiply-add that the compiler fuses rounds once instead of twice and would flip spikes.
    """
    compiled: Any = njit(nogil=True, cache=True, error_model="numpy")(kernel)
    return cast("Kernel", compiled)


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
