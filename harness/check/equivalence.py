"""What several seeds say of a published value: reproduced, not reproduced, or not decided by them.

Two one-sided t-tests (Schuirmann 1987) ask whether the mean of the runs lies inside the margin
around the published value; the same two, turned round, ask whether it lies outside. At α = 5 % each
the answers can be read off the two-sided 90 % interval of the mean: wholly inside the margin,
wholly outside, or over one of its ends. The published value is itself a draw: where its spread is
known, or that of a network like it, σ_p²/n_p adds to the variance of the difference, and as many
seeds as there may be here do not take it away.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from harness.check.status import Word
from harness.check.tolerance import Exact, Margin, Printed, Rule, t_cdf, t_quantile

ALPHA: Final = 0.05  # of each one-sided test
LEVEL: Final = 1 - 2 * ALPHA  # of the interval that shows both
ROUNDING: Final = 1e-12  # of a number: 93.48 − 92.98 is 0.5000000000000142, still inside 0.5

NO_SPREAD: Final = "one run beside one run; no spread known"
CLOSE: Final = "as close as two runs of one recipe would be"
FURTHER: Final = "further from the published run than two runs would be"


@dataclass(frozen=True)
class Sample:
    """The mean over `n` seeds, the standard deviation of one (NaN where it is not known), and its
    degrees of freedom.
    """

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
        half = t_quantile(1 - ALPHA, self.df) * self.error
        return self.mean - half, self.mean + half


@dataclass(frozen=True)
class Spread:
    """How far the published value may be off: the deviation `std` of one run, known from `seeds`
    runs, where the value is the mean of `runs`; `source` is printed beside what rests on it.
    """

    std: float
    seeds: int
    runs: int
    source: str


@dataclass(frozen=True)
class Uncertainty:
    """What the seeds of a cell say of its published value, at a stated error rate, beside the
    status, which asks whether the mean as it is lies inside the tolerance.

    `low` and `high` bound the mean at `LEVEL` (Student's t); `p_outside` is the chance of a mean at
    least so far out were the true one inside. Of one run beside one run, whose spread is known with
    `df` degrees of freedom, `off` is the distance of both and `half` what 19 of 20 such stay below.
    Numbers are NaN where there are none.
    """

    word: Word
    why: str
    low: float = math.nan
    high: float = math.nan
    p_outside: float = math.nan
    off: float = math.nan
    half: float = math.nan
    df: int = 0

    @property
    def is_tested(self) -> bool:
        """Whether there was a published value to test against."""
        return self.word is not Word.NOT_TESTED

    @property
    def sentence(self) -> str:
        """The word with its reason."""
        return f"{self.word}: {self.why}"

    @property
    def is_single(self) -> bool:
        """Whether it is of one run beside one run."""
        return self.why == NO_SPREAD or not math.isnan(self.half)

    @property
    def is_close(self) -> bool:
        """Whether one run lies as close to another as 19 of 20 would."""
        return self.off <= self.half

    @property
    def short(self) -> str:
        """The word; of one run what it says instead, in a few words."""
        if self.why == NO_SPREAD:
            return "one run, no spread known"
        if not self.is_single:
            return str(self.word)
        return "as close as two runs" if self.is_close else "further than two runs"


def rounding(value: float, golden: float) -> float:
    """How far the difference of two numbers may be off because computers count in binary."""
    return ROUNDING * max(abs(value), abs(golden))


def sample(mean: float, std: float, n: int, golden: Printed | None = None) -> Sample:
    """The seeds with their own spread; with a single one, the spread that stands beside a golden
    value that was measured here; NaN where there is neither.
    """
    if n > 1 and not math.isnan(std):
        return Sample(mean, std, n, n - 1)
    if golden and golden.std is not None and (golden.n or 0) > 1:
        return Sample(mean, golden.std, max(n, 1), int(golden.n or 0) - 1)
    return Sample(mean, math.nan, max(n, 1), 1)


def by_seeds(
    found: Sample, published: Printed | None, rule: Rule, margin: float, *, same: bool
) -> Uncertainty:
    """Hold a cell against its published value by its seeds, if there is any that moves it; `same`
    says whether it lies inside the tolerance.
    """
    if isinstance(rule, Exact) or published is None:
        why = "a value without spread, and it is the published one"
        if same:
            return Uncertainty(Word.REPRODUCED, why, p_outside=1.0)
        why = "a value without spread, and it is another than published"
        return Uncertainty(Word.NOT_REPRODUCED, why, p_outside=0.0)
    spread = None
    if published.std is not None and (published.n or 0) > 1:
        runs = int(published.n or 0)
        spread = Spread(published.std, runs, runs, f"{runs} runs of its own")
    elif isinstance(rule, Margin) and rule.spread:
        spread = Spread(rule.spread.std, rule.spread.seeds, 1, rule.spread.source)
    if found.n == 1 or math.isnan(found.std):
        return beside(found.mean, published.value, spread)
    return weighed(found, published.value, margin, spread)


def beside(mean: float, golden: float, spread: Spread | None) -> Uncertainty:
    """One run here beside the published value: whether two runs of one recipe lie so far apart.

    Never reproduced, nor not: golden ± t(0.975)·std·√(1 + 1/runs) holds 19 of 20 further runs, if
    they spread as `spread` says.
    """
    if spread is None:
        return Uncertainty(Word.INCONCLUSIVE, NO_SPREAD)
    half = t_quantile(0.975, spread.seeds - 1) * spread.std * math.sqrt(1 + 1 / spread.runs)
    off = max(0.0, abs(mean - golden) - rounding(mean, golden))
    said = CLOSE if off <= half else FURTHER
    why = f"{said} (± {half:.2f} in 19 of 20; spread {spread.std:g} from {spread.source})"
    return Uncertainty(Word.INCONCLUSIVE, why, off=off, half=half, df=spread.seeds - 1)


def single_runs(cells: Sequence[Uncertainty]) -> str:
    """What cells of one run each say beside one published run each, together; nothing where none is
    such. Of m cells some lie out by chance: all of them stay below t(1 − 0.025/m) in 19 of 20.
    """
    known = [cell for cell in cells if not math.isnan(cell.half)]
    close = sum(cell.is_close for cell in known)
    said = [f"{close} {CLOSE}"] if close else []
    said += [f"{len(known) - close} {FURTHER}"] if len(known) > close else []
    if len(known) > 1:
        wider = [t_quantile(1 - 0.025 / len(known), one.df) / t_quantile(0.975, one.df)
                 for one in known]  # fmt: skip
        halves = [one.half * by for one, by in zip(known, wider, strict=True)]
        inside = all(one.off <= half for one, half in zip(known, halves, strict=True))
        how = "all" if inside else "not all"
        said.append(f"{how} within the ± {max(halves):.2f} that hold {len(known)} together")
    lone = sum(cell.why == NO_SPREAD for cell in cells)
    said += [f"{lone} of {NO_SPREAD}"] if lone else []
    return ", ".join(said)


def _apart(found: Sample, spread: Spread) -> Sample:
    """The seeds with the error of their difference to the published value in place of their own:
    variances added, degrees of freedom by Welch 1947, rounded down.
    """
    own, other = found.error**2, spread.std**2 / spread.runs
    if own + other == 0:
        return found
    df = (own + other) ** 2 / (own**2 / found.df + other**2 / (spread.seeds - 1))
    return Sample(found.mean, math.sqrt((own + other) * found.n), found.n, max(1, math.floor(df)))


def weighed(found: Sample, golden: float, margin: float, spread: Spread | None) -> Uncertainty:
    """Hold the mean of several seeds against golden ± margin.

    A mean that lies outside is called reproduced in at most `ALPHA` of all cases; one that lies
    inside is called too low, or too high, in at most `ALPHA` each.
    """
    found = _apart(found, spread) if spread else found
    above = found.mean - (golden - margin) + rounding(found.mean, golden)  # of the lower end
    below = (golden + margin) - found.mean + rounding(found.mean, golden)  # of the upper one
    in_low, in_high = _chance_below(above, found), _chance_below(below, found)
    p_inside, p_outside = 1 - min(in_low, in_high), min(in_low, in_high)
    low, high = found.interval()
    word, how = Word.INCONCLUSIVE, "reaches over an end of"
    if p_inside <= ALPHA:
        word, how = Word.REPRODUCED, "lies inside"
    elif p_outside <= ALPHA:
        word, how = Word.NOT_REPRODUCED, "lies outside"
    said = f"the {LEVEL:.0%} interval {low:.5g} to {high:.5g} {how} {golden:.5g} ± {margin:.3g}"
    said += f" (the published value spreads by {spread.std:g}: {spread.source})" if spread else ""
    return Uncertainty(word, said, low, high, p_outside)


def _chance_below(distance: float, found: Sample) -> float:
    """P(T ≤ distance / error); without any spread the sign decides."""
    if found.error == 0:
        return 1.0 if distance >= 0 else 0.0
    return t_cdf(distance / found.error, found.df)


def untested(why: str, found: Sample) -> Uncertainty:
    """No published value to test against; the interval all the same, where the seeds give one."""
    return Uncertainty(Word.NOT_TESTED, why, *found.interval())


def together(cells: Sequence[Uncertainty]) -> Word:
    """What the tested cells of an exhibit say together, at the same error rates for the whole of
    this exhibit, not of all exhibits; cells that are derived from others are not among them.

    Reproduced are all cells only if each is: that needs no correction (Berger 1982). That some cell
    lies outside is said where one does after Bonferroni's: among 20 cells one lies out by chance.
    """
    if not cells:
        return Word.NOT_TESTED
    known = [cell.p_outside for cell in cells if not math.isnan(cell.p_outside)]
    if 2 * len(cells) * min(known, default=1.0) <= ALPHA:
        return Word.NOT_REPRODUCED
    if all(cell.word is Word.REPRODUCED for cell in cells):
        return Word.REPRODUCED
    return Word.INCONCLUSIVE
