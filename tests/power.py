"""`python -m tests.power`: how often the rank tests of `check` alarm, by simulation.

Nothing changed; or every SNN, ANN or network off by one standard deviation, half of the SNNs two up
and half two down, one SNN off by three or five. Errors are normal, or t with 5 degrees of freedom
brought to the same deviation; a share of the runs fails and lies ten deviations below. A training
outside of its band asks for more seeds, and is called changed only by the ranks of those.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from harness.check.shift import (
    ALPHA,
    ALPHA_SINGLE,
    Design,
    critical,
    detectable,
    seeds_to_decide,
    squared,
)
from harness.check.tolerance import t_quantile

Floats = NDArray[np.float64]

LOST: Final = -10.0  # deviations below, where a failed run lies
CHUNK: Final = 1_000
DESIGNS: Final = ((5, 1), (8, 2), (10, 2), (20, 2), (10, 3))
SHIFTS: Final = ("nothing", "SNNs 1 s", "all 1 s", "ANNs 1 s", "half ±2 s", "one 3 s", "one 5 s")
EDGE: Final = 1.3e-3  # α of the band of one cell


@dataclass(frozen=True)
class Case:
    """How many SNNs and ANNs a check has, and what their errors are like."""

    snns: int
    anns: int
    errors: str  # normal, t5
    failed: float  # share of the runs

    def drawn(self, runs: int, random: np.random.Generator, seeds: int) -> Floats:
        """Runs without a change, [runs, trainings, seeds], in standard deviations."""
        shape = (runs, self.snns + self.anns, seeds)
        values = random.standard_normal(shape)
        if self.errors == "t5":
            values /= np.sqrt(random.chisquare(5, shape) / 3)  # of variance 5/3
        values[random.random(shape) < self.failed] = LOST
        return values

    def shift(self, what: str) -> Floats:
        """How far each training is moved."""
        found = np.zeros(self.snns + self.anns)
        size = float(what.split()[1].strip("±")) if what != "nothing" else 0.0
        if what.startswith(("SNNs", "all")):
            found[: self.snns] = -size
        if what.startswith(("ANNs", "all")):
            found[self.snns :] = -size
        if what.startswith("half"):
            found[: self.snns : 2], found[1 : self.snns : 2] = size, -size
        if what.startswith("one"):
            found[0] = -size
        return found


def d_of(golden: Floats, fresh: Floats) -> NDArray[np.int64]:
    """D of each training, [runs, trainings]."""
    signs = [np.sign(fresh[..., [i]] - golden).sum(-1) for i in range(fresh.shape[-1])]
    return np.sum(signs, axis=0).astype(np.int64)


def over_all(case: Case, design: Design, d: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether one of the four tests alarms, [runs]."""
    alpha, null = ALPHA / 4, design.null()
    found = np.zeros(len(d), dtype=bool)
    for chosen in (d[:, : case.snns], d[:, case.snns :], d):
        edge = critical([null] * chosen.shape[1], alpha)
        found |= np.abs(chosen.sum(1)) >= (math.inf if edge is None else edge)
    edge = critical([squared(null)] * case.snns, alpha)
    return found | ((d[:, : case.snns] ** 2).sum(1) >= (math.inf if edge is None else edge))


def asked(golden: Floats, fresh: Floats) -> NDArray[np.bool_]:
    """Which trainings lie outside of their bands, so that more seeds are asked for, [runs, ...]."""
    n_g, n_f = golden.shape[-1], fresh.shape[-1]
    width = t_quantile(1 - EDGE / 2, n_g - 1) * math.sqrt(1 / n_g + 1 / n_f)
    apart = np.abs(fresh.mean(-1) - golden.mean(-1))
    found: NDArray[np.bool_] = apart > width * golden.std(-1, ddof=1)
    return found


@dataclass
class Rate:
    """Shares of checks: an alarm over all trainings, a training (the one that is off, where one is)
    that asks for more seeds, and one that is called changed with them.
    """

    runs: int = 0
    alarms: int = 0
    asks: int = 0
    changed: int = 0

    def add(
        self, alarm: NDArray[np.bool_], ask: NDArray[np.bool_], changed: NDArray[np.bool_]
    ) -> None:
        """Count further runs; of trainings [runs, trainings]."""
        self.runs += len(alarm)
        self.alarms += int(alarm.sum())
        self.asks += int(ask.any(1).sum())
        self.changed += int((ask & changed).any(1).sum())


def rates(case: Case, design: Design, runs: int) -> dict[str, Rate]:
    """How often each shift is seen. Powers are taken from a tenth of the runs: error rates need
    more of them.
    """
    trainings = case.snns + case.anns
    decided = max(design.fresh, seeds_to_decide(trainings, design.golden))
    single = critical([Design(design.golden, decided).null()], ALPHA_SINGLE / trainings)
    assert single is not None  # with so many seeds there is one
    found = {what: Rate() for what in SHIFTS}
    random = np.random.default_rng(0)
    for start in range(0, runs, CHUNK):
        values = case.drawn(min(CHUNK, runs - start), random, design.golden + decided)
        golden, fresh = values[..., : design.golden], values[..., design.golden :]
        for what in SHIFTS if start < runs / 10 else SHIFTS[:1]:
            moved = fresh + case.shift(what)[:, None]
            first = moved[..., : design.fresh]
            alarm = over_all(case, design, d_of(golden, first))
            some = slice(None) if what == SHIFTS[0] else slice(1)
            ask = asked(golden[:, some], first[:, some])
            changed = np.abs(d_of(golden[:, some], moved[:, some])) >= single
            found[what].add(alarm, ask, changed)
    return found


def main() -> None:
    """Print one table for each kind of errors."""
    parser = argparse.ArgumentParser(prog="tests.power", description=__doc__)
    parser.add_argument("--runs", type=int, default=20_000, help="simulated checks for each line")
    parser.add_argument("--snns", type=int, default=21, help="that train above chance")
    parser.add_argument("--anns", type=int, default=14)
    parser.add_argument("--failed", type=float, default=0.02, help="share of the runs")
    given = parser.parse_args()
    for errors in ("normal", "t5"):
        case = Case(given.snns, given.anns, errors, given.failed)
        Console(width=150).print(_table(case, given.runs))


def _table(case: Case, runs: int) -> Table:
    title = f"{case.errors} errors, {case.snns} SNNs, {case.anns} ANNs, {case.failed:.0%} failed"
    table = Table("golden, fresh", title=title, box=None)
    for name in (
        "false alarms in 1,000",
        *(f"{what}, %" for what in SHIFTS[1:]),
        "SNNs seen at 99 %",
        "asks, in 100",
        "changed, in 1,000",
        *(f"{what}: asks, changed, %" for what in SHIFTS[5:]),
    ):
        table.add_column(name, justify="right")
    for golden, fresh in DESIGNS:
        design = Design(golden, fresh)
        found = rates(case, design, runs)
        calm = found[SHIFTS[0]]
        line = [f"{1000 * calm.alarms / calm.runs:.1f}"]
        line += [f"{100 * found[w].alarms / found[w].runs:.0f}" for w in SHIFTS[1:]]
        line += [f"{detectable([design] * case.snns, ALPHA / 4):.2f} s"]
        line += [f"{100 * calm.asks / calm.runs:.1f}", f"{1000 * calm.changed / calm.runs:.1f}"]
        for one in (found[what] for what in SHIFTS[5:]):
            line.append(f"{100 * one.asks / one.runs:.0f}, {100 * one.changed / one.runs:.0f}")
        table.add_row(f"{golden}, {fresh}", *line)
    return table


if __name__ == "__main__":
    main()
