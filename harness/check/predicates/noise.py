"""How often a predicate would hold if there were nothing but noise: every order as likely."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import numpy as np

from harness.check.predicates.outcome import ROUNDING

EXACT: Final = 7  # values, whose 5,040 orders are all tried
DRAWS: Final = 5_000  # of longer ones
SEED: Final = 0


def of_orders(values: int, holds: Callable[[Sequence[float]], bool]) -> float:
    """The share of the orders of so many different values in which `holds`."""
    orders: Iterable[Sequence[float]] = itertools.permutations(range(values))
    if values > EXACT:
        random = np.random.default_rng(SEED)
        orders = (random.permutation(values).tolist() for _ in range(DRAWS))
    found = [holds(order) for order in orders]
    return sum(found) / len(found)


def of_coins(places: int, share: float) -> float:
    """The chance that a difference without a margin has its sign at this share of the places."""
    needed = math.ceil(share * places - ROUNDING)
    return float(sum(math.comb(places, k) for k in range(needed, places + 1)) / 2**places)
