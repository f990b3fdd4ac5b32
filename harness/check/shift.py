"""Whether fresh runs lie where the golden seeds lay: rank tests over many trainings at once.

For one training, D = Σ sign(fresh − golden) over all pairs = 2U − n_f·n_g (Mann & Whitney 1947, a
tie counts ½ in U). Over trainings, |ΣD| sees a shift that they share, and ΣD² shifts that go in
different directions. Were nothing changed, each choice of which values are the fresh ones would be
as likely as any other; the distribution of both sums over these choices is computed here, ties and
all, so that an error rate is exact for any number of trainings and seeds. Trainings have to be
independent of each other: each enters once, whichever exhibits show it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

ALPHA: Final = 1e-3  # of all tests over trainings in one check, together
ALPHA_SINGLE: Final = 5e-4  # of all trainings one by one, together
POWER: Final = 0.99  # with which a shift is said to have been seen
DRAWS: Final = 20_000  # of runs that are shifted, from which power is computed
SEED: Final = 0

Law = Mapping[int, float]
"""Probability of each whole number."""


@dataclass(frozen=True)
class Design:
    """How many golden and fresh seeds a training has."""

    golden: int
    fresh: int

    @property
    def deviation(self) -> float:
        """Of D, where no values are tied: √(n_f·n_g·(n_f + n_g + 1)/3)."""
        return math.sqrt(self.fresh * self.golden * (self.fresh + self.golden + 1) / 3)

    def null(self) -> Law:
        """The law of D where nothing changed and no values are tied."""
        return _null(tuple(range(2, 2 * (self.golden + self.fresh) + 1, 2)), self.fresh)


@dataclass(frozen=True)
class Training:
    """A number for each golden seed and for each fresh one; only their order matters."""

    golden: tuple[float, ...]
    fresh: tuple[float, ...]

    @property
    def design(self) -> Design:
        """Its numbers of seeds."""
        return Design(len(self.golden), len(self.fresh))

    @property
    def d(self) -> int:
        """Pairs in which the fresh run lies higher, less those in which it lies lower."""
        return sum((f > g) - (f < g) for f in self.fresh for g in self.golden)

    @property
    def z(self) -> float:
        """D in standard deviations."""
        return self.d / self.design.deviation

    @property
    def p(self) -> float:
        """The chance of a |D| at least as large, were nothing changed."""
        return tail([self.null()], abs(self.d))

    def null(self) -> Law:
        """The law of D over all choices of the fresh among these values."""
        _, place, ties = np.unique(
            self.golden + self.fresh, return_inverse=True, return_counts=True
        )
        twice = 2 * np.cumsum(ties) - ties + 1  # of their ranks from 1; equal values share the mean
        return _null(tuple(twice[place].tolist()), len(self.fresh))


@dataclass(frozen=True)
class RankTest:
    """One test over a group of trainings: S = Σz/√m of what they share, or Q = Σz² of the rest.

    `sees` is the shift, in standard deviations of a seed, that S finds with the chance `POWER` when
    each training of the group has it (normal errors); NaN for Q.
    """

    group: str
    statistic: str
    m: int
    value: float
    p: float
    alpha: float
    sees: float

    @property
    def alarms(self) -> bool:
        """Whether nothing but a change explains it, at the stated error rate."""
        return self.p <= self.alpha


def rank_tests(
    groups: Mapping[str, Sequence[Training]], scattered: Collection[str]
) -> tuple[RankTest, ...]:
    """S of each group, and Q of those in `scattered`, at `ALPHA` together.

    A group of so few trainings and seeds that not even the farthest values would alarm is left out.
    """
    asked = [("S", name) for name, members in groups.items() if members]
    asked += [("Q", name) for name, members in groups.items() if members and name in scattered]
    share = ALPHA / max(1, len(asked))
    asked = [(kind, name) for kind, name in asked if _can_alarm(kind, groups[name], share)]
    share = ALPHA / max(1, len(asked))
    return tuple(_test(kind, name, groups[name], share) for kind, name in asked)


def _can_alarm(kind: str, members: Sequence[Training], alpha: float) -> bool:
    laws = [member.design.null() for member in members]
    return critical(laws if kind == "S" else list(map(squared, laws)), alpha) is not None


def _test(kind: str, name: str, members: Sequence[Training], alpha: float) -> RankTest:
    m, nulls = len(members), [member.null() for member in members]
    if kind == "S":
        value = sum(member.z for member in members) / math.sqrt(m)
        p = tail(nulls, abs(sum(member.d for member in members)))
        sees = detectable([member.design for member in members], alpha)
        return RankTest(name, kind, m, value, p, alpha, sees)
    value = sum(member.z**2 for member in members)
    p = tail(list(map(squared, nulls)), sum(member.d**2 for member in members))
    return RankTest(name, kind, m, value, p, alpha, math.nan)


def seeds_to_decide(trainings: int, golden: int) -> int:
    """The fewest fresh seeds with which a single one of so many trainings can be called changed:
    its p, at the smallest, times their number is at most `ALPHA_SINGLE`.
    """
    fresh = 1
    while 2 * trainings / math.comb(golden + fresh, fresh) > ALPHA_SINGLE:
        fresh += 1
    return fresh


def tail(laws: Sequence[Law], at: int) -> float:
    """P(|sum| ≥ at) of independent numbers with these laws."""
    low, chances = _summed(laws)
    far = np.abs(np.arange(low, low + len(chances))) >= at
    return min(1.0, float(chances[far].sum()))


def critical(laws: Sequence[Law], alpha: float) -> int | None:
    """The smallest `at` with P(|sum| ≥ at) ≤ alpha; None where there is none."""
    low, chances = _summed(laws)
    largest = max(-low, low + len(chances) - 1)
    by_size = np.zeros(largest + 1)
    np.add.at(by_size, np.abs(np.arange(low, low + len(chances))), chances)
    inside = np.flatnonzero(np.cumsum(by_size[::-1])[::-1] <= alpha)
    return int(inside[0]) if len(inside) and by_size[inside[0] :].any() else None


def detectable(designs: Sequence[Design], alpha: float) -> float:
    """The shift, in standard deviations of a normal seed, that all of them have and S alarms at
    with the chance `POWER`; by bisection, ∞ where no shift does.
    """
    edge = critical([design.null() for design in designs], alpha)
    if edge is None:
        return math.inf
    low, high = 0.0, 8.0
    while high - low > 0.01:
        middle = (low + high) / 2
        seen = tail([_shifted(design, middle) for design in designs], edge) >= POWER
        low, high = (low, middle) if seen else (middle, high)
    return high if high < 8.0 else math.inf


def squared(law: Law) -> Law:
    """The law of the square."""
    found: dict[int, float] = defaultdict(float)
    for value, chance in law.items():
        found[value * value] += chance
    return found


def _summed(laws: Sequence[Law]) -> tuple[int, NDArray[np.float64]]:
    """The smallest value of the sum, and the probability of it and of each whole number above."""
    low, total = 0, np.ones(1)
    for law in laws:
        first, last = min(law), max(law)
        wider = np.zeros(len(total) + last - first)
        for value, chance in law.items():  # sums of what is positive keep their digits in the tails
            wider[value - first : value - first + len(total)] += chance * total
        low, total = low + first, wider
    return low, total


@cache
def _null(twice: tuple[int, ...], fresh: int) -> Law:
    """The law of D where each choice of `fresh` of these ranks, written twice, is as likely."""
    ways: list[dict[int, int]] = [{0: 1}, *({} for _ in range(fresh))]
    for rank in twice:
        for chosen in range(fresh, 0, -1):
            for total, count in ways[chosen - 1].items():
                ways[chosen][total + rank] = ways[chosen].get(total + rank, 0) + count
    every = math.comb(len(twice), fresh)
    middle = fresh * (len(twice) + 1)
    return {total - middle: count / every for total, count in sorted(ways[fresh].items())}


@cache
def _shifted(design: Design, shift: float) -> Law:
    """The law of D where the fresh runs lie `shift` standard deviations higher, by drawing."""
    normal = np.random.default_rng(SEED).standard_normal((DRAWS, design.golden + design.fresh))
    golden, fresh = normal[:, : design.golden], normal[:, design.golden :] + shift
    d = np.sign(fresh[:, :, None] - golden[:, None, :]).sum(axis=(1, 2)).astype(int)
    values, counts = np.unique(d, return_counts=True)
    return {int(v): int(c) / DRAWS for v, c in zip(values, counts, strict=True)}
