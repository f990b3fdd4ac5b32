"""The number that decides a claim, with its interval, and how often it holds seed by seed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev
from typing import Final

import numpy as np

from harness.check.tolerance import t_quantile
from harness.frames.cells import SE, cells
from harness.frames.frame import Frame
from harness.measures.reading import Map
from harness.spec.claim.predicate import RHO, SHARE, STEPS, Outcome

LEVEL: Final = 0.95
WITHIN: Mapping[str, tuple[float, float]] = {
    SHARE: (0.0, 1.0),
    STEPS: (0.0, 1.0),
    RHO: (-1.0, 1.0),
}
IMAGES: Final = "over images, for these networks; it says nothing of other seeds"
ONE_SEED: Final = "one seed, whose spread is not known"


@dataclass(frozen=True)
class Estimate:
    """`value` is what decides, `of` what it is, in `unit`. `low` and `high` bound it at `LEVEL`;
    `over` says over what, or, where there is no interval, why not. It `holds` in so many of the
    `seeds`, each by itself.
    """

    value: float = math.nan
    of: str = ""
    unit: str = ""
    low: float = math.nan
    high: float = math.nan
    over: str = ""
    holds: int = 0
    seeds: int = 0

    @property
    def is_interval(self) -> bool:
        """Whether there are bounds."""
        return not math.isnan(self.low)


def seed_by_seed(measured: Frame) -> tuple[Frame, ...]:
    """The frame of each seed by itself; none where there is one seed alone."""
    seeds = dict.fromkeys(point.seed for point in measured.points)
    found = []
    for seed in seeds if len(seeds) > 1 else ():
        points = tuple(point for point in measured.points if point.seed == seed)
        runs = measured.runs[measured.runs["seed"] == seed]
        table = cells(runs, measured.index, [(point.axes, seed) for point in points])
        errors, table = tuple(table[SE]), table.drop(columns=SE)
        found.append(replace(measured, runs=runs, cells=table, points=points, se=errors))
    return tuple(found)


def estimate(outcome: Outcome, quantity: str, unit: str, each: Sequence[Outcome]) -> Estimate:
    """The decisive number of an outcome and its interval by Student's t over the outcomes of `each`
    seed by itself. Of a rank correlation or a share it ends where these do. Of one seed it is that
    over images, where this is known.
    """
    held = sum(one.holds is True for one in each)
    if math.isnan(outcome.value):
        return Estimate(of=outcome.of or quantity, holds=held, seeds=len(each))
    told = "" if outcome.of in WITHIN else unit
    values = [one.value for one in each]
    alone = Estimate(
        outcome.value, outcome.of or quantity, told, over=ONE_SEED, holds=held, seeds=len(values)
    )
    if len(values) < 2:
        return alone if math.isnan(outcome.se) else _over_images(alone, outcome.se)
    if any(map(math.isnan, values)):
        why = "seeds of which one alone does not decide it"
        return replace(alone, over=why)
    centre, half = fmean(values), t_quantile((1 + LEVEL) / 2, len(values) - 1) * stdev(values)
    half /= math.sqrt(len(values))
    least, most = WITHIN.get(outcome.of, (-math.inf, math.inf))
    low, high = max(least, centre - half), min(most, centre + half)
    over = f"over {len(values)} seeds, by Student's t"
    return replace(alone, low=low, high=high, over=over)


def _over_images(alone: Estimate, se: float) -> Estimate:
    one = Map("", (), (), np.array([[alone.value]]), se=np.array([[se]]))
    low, high = one.interval or (one.matrix, one.matrix)
    return replace(alone, low=float(low[0, 0]), high=float(high[0, 0]), over=IMAGES)
