"""What an evaluation gives, and when a number of places decides it."""

from __future__ import annotations

import math
from dataclasses import dataclass

ROUNDING = 1e-9  # 93.48 − 92.98 is 0.5000000000000142 in binary: not more than 0.5


@dataclass(frozen=True)
class Outcome:
    """`holds` is None where the predicate cannot be evaluated, and `why` says the reason. `noise`
    is how often it would hold by noise alone; NaN where that depends on the size of the noise.
    """

    holds: bool | None
    said: str = ""
    why: str = ""
    noise: float = math.nan


def undefined(why: str) -> Outcome:
    """Neither true nor false, for this reason."""
    return Outcome(None, why=why)


def decided(true: int, false: int, unknown: int, share: float) -> bool | None:
    """Whether a share of all places is true: None only where the unknown ones would decide it."""
    needed = share * (true + false + unknown) - ROUNDING
    if true + false == 0 or true < needed <= true + unknown:
        return None
    return true >= needed
