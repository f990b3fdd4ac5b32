"""Random integers that are the same on every machine, for every version of Python and numpy."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def draws(purpose: str, count: int, *, below: int) -> Ints:
    """`count` integers in 0 … below − 1 as int64 [count], drawn for this purpose.

    SHAKE-256 (FIPS 202) of the purpose's name gives 32 bits r per draw, the integer is ⌊r · below /
    2³²⌋; its bias is under below / 2³². A longer list begins with the shorter one, so image i is
    the same whatever the number of images, and purposes do not shift each other. numpy's Generator
    methods may change their streams between versions.
    """
    if not 0 < below < 2**31:
        raise ValueError(f"below must lie in 1 … 2**31 − 1, got {below}")
    stream = hashlib.shake_256(purpose.encode()).digest(4 * count)
    return (np.frombuffer(stream, dtype="<u4").astype(np.int64) * below) >> 32


def draws_between(purpose: str, count: int, low: int, high: int) -> Ints:
    """As `draws`, in low … high, both ends included."""
    return draws(purpose, count, below=high - low + 1) + low
