"""What several seeds say of a published value: reproduced, not reproduced, or not decided by them.

Two one-sided t-tests (Schuirmann 1987) ask whether the mean of the runs lies inside the margin
around the published value; the same two, turned round, ask whether it lies outside. At α = 5 % each
the answers can be read off the two-sided 90 % interval of the mean: wholly inside the margin,
wholly outside, or over one of its ends. That the published value is itself one run is what the
margin's stated basis allows for; it is not counted again here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from harness.check import student
from harness.check.status import Evidence

ALPHA: Final = 0.05  # of each one-sided test
LEVEL: Final = 1 - 2 * ALPHA  # of the interval that shows both
ROUNDING: Final = 1e-12  # of a number: 93.48 − 92.98 is 0.5000000000000142, still inside 0.5

ONE_SEED: Final = "one seed says nothing of its spread, and no spread was measured before"


@dataclass(frozen=True)
class Sample:
    """The mean over `n` seeds, the standard deviation of one, and its degrees of freedom."""

    mean: float
    std: float
    n: int
    df: int

    @property
    def error(self) -> float:
        """The standard error of the mean."""
        return self.std / math.sqrt(self.n)

    def interval(self) -> tuple[float, float]:
        """The two-sided interval of the mean at `LEVEL`."""
        half = student.quantile(1 - ALPHA, self.df) * self.error
        return self.mean - half, self.mean + half


@dataclass(frozen=True)
class Uncertainty:
    """What the seeds of a cell say; numbers are NaN where there are none.

    `low` and `high` bound the mean at `level` (Student's t), `margin` is the half width around the
    golden value, `p_outside` the chance of a mean at least so far out were the true one inside.
    """

    status: Evidence
    why: str = ""
    low: float = math.nan
    high: float = math.nan
    level: float = LEVEL
    n: int = 0
    margin: float = math.nan
    p_outside: float = math.nan

    @property
    def sentence(self) -> str:
        """The status as a reader sees it."""
        return self.status.sentence(self.why)


def rounding(value: float, golden: float) -> float:
    """How far the difference of two numbers may be off because computers count in binary."""
    return ROUNDING * max(abs(value), abs(golden))


def sample(
    mean: float, std: float, n: int, known_std: float | None, known_n: int | None
) -> Sample | None:
    """The seeds with their own spread; with a single one, the spread that stands beside the golden
    value, measured over `known_n` seeds; None where there is neither.
    """
    if math.isnan(mean) or n < 1:
        return None
    if n > 1 and not math.isnan(std):
        return Sample(mean, std, n, n - 1)
    if known_std is not None and known_n is not None and known_n > 1:
        return Sample(mean, known_std, n, known_n - 1)
    return None


def weighed(found: Sample | None, golden: float, margin: float, n: int) -> Uncertainty:
    """Hold the mean against golden ± margin.

    A mean that lies outside is called reproduced in at most `ALPHA` of all cases; one that lies
    inside is called too low, or too high, in at most `ALPHA` each.
    """
    if found is None:
        return Uncertainty(Evidence.INCONCLUSIVE, ONE_SEED, n=n, margin=margin)
    above = found.mean - (golden - margin) + rounding(found.mean, golden)  # of the lower end
    below = (golden + margin) - found.mean + rounding(found.mean, golden)  # of the upper one
    in_low, in_high = _chance_below(above, found), _chance_below(below, found)
    p_inside, p_outside = 1 - min(in_low, in_high), min(in_low, in_high)
    low, high = found.interval()
    status, how = Evidence.INCONCLUSIVE, "reaches over an end of"
    if p_inside <= ALPHA:
        status, how = Evidence.REPRODUCED, "lies inside"
    elif p_outside <= ALPHA:
        status, how = Evidence.NOT_REPRODUCED, "lies outside"
    said = f"the {LEVEL:.0%} interval {low:.5g} to {high:.5g} {how} {golden:.5g} ± {margin:.3g}"
    return Uncertainty(status, said, low, high, n=found.n, margin=margin, p_outside=p_outside)


def untested(why: str, found: Sample | None, n: int = 0) -> Uncertainty:
    """No published value to test against; the interval all the same, where the seeds give one."""
    low, high = found.interval() if found else (math.nan, math.nan)
    return Uncertainty(Evidence.NOT_TESTED, why, low, high, n=n)


def without_spread(same: bool, n: int) -> Uncertainty:
    """A value that no seed changes, as a word or a number of layers: it is the same or not."""
    why = "a value without spread, and it is the published one"
    if not same:
        why = "a value without spread, and it is another than published"
    status = Evidence.REPRODUCED if same else Evidence.NOT_REPRODUCED
    return Uncertainty(status, why, n=n, margin=0.0, p_outside=1.0 if same else 0.0)


def together(cells: Sequence[Uncertainty]) -> Evidence:
    """What the tested cells of an exhibit say together, at the same error rates for the whole.

    Reproduced are all cells only if each is: that needs no correction (Berger 1982). That some cell
    lies outside is said where one does after Bonferroni's: among 20 cells one lies out by chance.
    """
    if not cells:
        return Evidence.NOT_TESTED
    if 2 * len(cells) * min(_or_one(cell.p_outside) for cell in cells) <= ALPHA:
        return Evidence.NOT_REPRODUCED
    if all(cell.status is Evidence.REPRODUCED for cell in cells):
        return Evidence.REPRODUCED
    return Evidence.INCONCLUSIVE


def _chance_below(distance: float, found: Sample) -> float:
    """P(T ≤ distance / error); without any spread the sign decides."""
    if found.error == 0:
        return 1.0 if distance >= 0 else 0.0
    return student.cdf(distance / found.error, found.df)


def _or_one(p: float) -> float:
    return 1.0 if math.isnan(p) else p
