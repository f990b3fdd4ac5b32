"""All cells of a check together: each training once, held by ranks against the golden seeds.

Cells of one quantity that rest on the same networks (an accuracy for each ε) are one training and
enter as their mean, on a scale on which their spreads are alike. What is derived from other cells
does not enter, nor does an accuracy at chance, nor a network that stands in another unit already.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, median, stdev

from harness.check.compare import CellResult
from harness.check.reach import at_chance
from harness.check.seed_values import SeedValues
from harness.check.shift import POWER, RankTest, Training, rank_tests, seeds_to_decide

HALF_AN_IMAGE = 0.0005  # of a thousand: keeps the logit of 0 and 100 % finite
LEAST_GAP = 1e-9  # of a CKA to 1: that of equal features is rounding


@dataclass(frozen=True)
class Unit:
    """One training under one quantity; `std` of its golden values, in `unit`."""

    exhibits: tuple[str, ...]
    quantity: str
    networks: tuple[str, ...]
    spiking: bool | None
    training: Training
    std: float
    unit: str


@dataclass(frozen=True)
class Group:
    """One test, with whose trainings it was made; `sees` is a shift that it would have found, in
    the unit of the quantity, for the training whose spread is in the middle.
    """

    test: RankTest
    exhibits: tuple[str, ...]
    sees: float
    unit: str

    @property
    def sentence(self) -> str:
        """The test in one line."""
        one = self.test
        return (
            f"{one.group}: {one.statistic} = {one.value:.2f} over {one.m} trainings, "
            f"p = {one.p:.2g} (alarm at {one.alpha:.2g})"
        )


@dataclass(frozen=True)
class Together:
    """What all trainings of a check say; `cells` are those that may be called changed alone."""

    groups: tuple[Group, ...]
    cells: int

    def of(self, exhibit: str) -> tuple[Group, ...]:
        """The tests that trainings of this exhibit took part in."""
        return tuple(group for group in self.groups if exhibit in group.exhibits)

    def seeds_to_decide(self, golden: int) -> int:
        """How many fresh seeds it takes to call a single cell changed."""
        return seeds_to_decide(self.cells, golden)


def together(cells: Mapping[str, Sequence[CellResult]]) -> Together:
    """Test the cells of all exhibits, given by their names."""
    units = _once([unit for name, found in cells.items() for unit in _units(name, found)])
    groups: dict[str, list[Unit]] = {}
    scattered = []
    for quantity in dict.fromkeys(unit.quantity for unit in units):
        every = [unit for unit in units if unit.quantity == quantity]
        snns = [unit for unit in every if unit.spiking]
        anns = [unit for unit in every if unit.spiking is False]
        groups |= {f"{quantity} of the SNNs": snns, f"{quantity} of the ANNs": anns}
        if len(every) not in (len(snns), len(anns)):  # else the same test again
            groups[f"{quantity} of all networks"] = every
        scattered.append(f"{quantity} of {'the SNNs' if snns else 'all networks'}")
    trainings = {name: [unit.training for unit in group] for name, group in groups.items()}
    tests = rank_tests(trainings, scattered)
    single = sum(_is_single(cell) for found in cells.values() for cell in found)
    return Together(tuple(_group(test, groups[test.group]) for test in tests), single)


def _is_single(cell: CellResult) -> bool:
    return cell.training is not None and bool(cell.origin.trainings)


def _group(test: RankTest, units: Sequence[Unit]) -> Group:
    exhibits = dict.fromkeys(name for unit in units for name in unit.exhibits)
    sees = test.sees * median(unit.std for unit in units)
    return Group(test, tuple(exhibits), sees, units[0].unit)


def _units(exhibit: str, cells: Iterable[CellResult]) -> Iterable[Unit]:
    members: dict[tuple[str, tuple[str, ...]], list[CellResult]] = {}
    for cell in cells:
        if _is_single(cell):
            members.setdefault((cell.quantity, cell.origin.trainings), []).append(cell)
    for (quantity, networks), group in members.items():
        first = group[0]
        golden = [
            {s: v for s, v in cell.seeds.items() if s not in cell.origin.values} for cell in group
        ]
        mean = _mean(golden)
        if not mean or (first.unit == "percent" and at_chance(fmean(mean), first.origin.chance)):
            continue
        training = Training(
            _mean([_scaled(one, first) for one in golden]),
            _mean([_scaled(cell.origin.values, first) for cell in group]),
        )
        spread = stdev(mean) if len(mean) > 1 else 0.0
        yield Unit(
            (exhibit,), quantity, networks, first.origin.spiking, training, spread, first.unit
        )


def _mean(values: Sequence[SeedValues]) -> tuple[float, ...]:
    """Of the cells, for each seed that is defined in all of them."""
    seeds = [s for s in values[0] if all(not math.isnan(one.get(s, math.nan)) for one in values)]
    return tuple(fmean(one[seed] for one in values) for seed in seeds)


def _scaled(values: SeedValues, cell: CellResult) -> dict[int, float]:
    if cell.unit == "percent":
        return {s: _logit(value / 100) for s, value in values.items()}
    if cell.quantity.startswith("attack_cka"):
        return {s: -math.log(max(1 - value, LEAST_GAP)) for s, value in values.items()}
    return dict(values)


def _logit(share: float) -> float:
    return math.log((share + HALF_AN_IMAGE) / (1 - share + HALF_AN_IMAGE))


def _once(units: Sequence[Unit]) -> list[Unit]:
    """Without those that share a network with one before them, whose exhibits they join."""
    found: list[Unit] = []
    for unit in units:
        same = [
            place
            for place, one in enumerate(found)
            if one.quantity == unit.quantity and set(one.networks) & set(unit.networks)
        ]
        if not same:
            found.append(unit)
        for place in same:
            exhibits = (*found[place].exhibits, *unit.exhibits)
            found[place] = replace(found[place], exhibits=exhibits)
    return found


def seen(groups: Sequence[Group], cells: Sequence[CellResult]) -> str:
    """`would have seen 1.1 percentage points in the accuracy of the SNNs with 99 %; …`."""
    found = [
        f"{_amount(group.sees, group.unit)} in the {group.test.group.replace('_', ' ')}"
        for group in groups
        if group.test.statistic == "S" and math.isfinite(group.sees)
    ]
    alone: dict[str, list[CellResult]] = {}
    for cell in cells:
        if math.isfinite(cell.sees):
            alone.setdefault(cell.quantity, []).append(cell)
    found += [
        f"{_amount(median(one.sees for one in same), same[0].unit)} in one {name.replace('_', ' ')}"
        for name, same in alone.items()
        if not all(cell.is_derived for cell in same)
    ]
    idle = sum(bool(cell.idle) for cell in cells)
    said = (
        [f"would have seen {', '.join(found)} with {POWER:.0%}".replace("%", " %")] if found else []
    )
    said += (
        [f"{idle} cells guard nothing" if idle != 1 else "1 cell guards nothing"] if idle else []
    )
    return "; ".join(said)


def _amount(value: float, unit: str) -> str:
    return f"{value:.2g} percentage points" if unit.startswith("percent") else f"{value:.2g}"
