"""The number of each seed, as a golden file keeps it in one field: `0:95.1171875 1:94.62890625`."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from statistics import fmean

from harness.errors import HarnessError

UNDEFINED = "undefined"
_SEED = re.compile(r"(0|[1-9]\d{0,9}):(\S+)", re.ASCII)
_NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?", re.ASCII)

SeedValues = Mapping[int, float]
"""Seed → number, in the order of the seeds; NaN where a seed leaves the cell undefined."""


def written(values: SeedValues) -> str:
    """The field; each number so that reading gives the very same one."""
    return " ".join(
        f"{seed}:{UNDEFINED if math.isnan(value) else repr(float(value))}"
        for seed, value in sorted(values.items())
    )


def parsed(text: str, where: str, mean: float, n: int | None) -> SeedValues:
    """The field of a line whose mean over `n` seeds is `mean`; NaN where the line has none.

    Raises:
        HarnessError: not such pairs, a seed twice, or other numbers than the line's mean and n say.
    """
    found: dict[int, float] = {}
    for word in text.split():
        pair = _SEED.fullmatch(word)
        if pair is None or not (pair[2] == UNDEFINED or _NUMBER.fullmatch(pair[2])):
            hint = "write seed:number, as in 0:95.1 1:94.6"
            raise HarnessError(where, f"seeds: not a seed with its number ({word!r})", hint=hint)
        if int(pair[1]) in found:
            raise HarnessError(where, f"seeds: seed {pair[1]} stands twice")
        found[int(pair[1])] = math.nan if pair[2] == UNDEFINED else float(pair[2])
    if found and not math.isnan(mean):
        own = fmean(found.values())
        if len(found) != n or not math.isclose(own, mean, rel_tol=1e-9, abs_tol=1e-12):
            problem = f"seeds: {len(found)} with the mean {own:.9g}; the line says {n} and {mean:g}"
            raise HarnessError(where, problem, hint="harness golden writes them together")
    return found
