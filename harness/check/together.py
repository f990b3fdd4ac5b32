"""All cells of a check together: each training once, held by ranks against the golden seeds.

Cells of one quantity that rest on the same networks (an accuracy for each ε) are one training and
enter as their mean, on a scale on which their spreads are alike. What is derived from other cells
does not enter, nor does an accuracy at chance, nor a network that stands in another unit already.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, median, stdev

from harness.check.compare import CellResult
from harness.check.golden import SeedValues
from harness.check.shift import POWER, RankTest, Training, rank_tests
from harness.check.tolerance import at_chance

HALF_AN_IMAGE = 0.0005  # of a thousand: keeps the logit of 0 and 100 % finite
LEAST_GAP = 1e-9  # of a CKA to 1: that of equal features is rounding


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


def together(cells: Mapping[str, Sequence[CellResult]]) -> tuple[Group, ...]:
    """Test the cells of all exhibits, given by their names."""
    units = _once([unit for name, found in cells.items() for unit in _units(name, found)])
    groups: dict[str, list[_Unit]] = {}
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
    found = []
    for test in rank_tests(trainings, scattered):
        group = groups[test.group]
        exhibits = dict.fromkeys(name for unit in group for name in unit.exhibits)
        sees = test.sees * median(unit.std for unit in group)
        found.append(Group(test, tuple(exhibits), sees, group[0].unit))
    return tuple(found)


def is_single(cell: CellResult) -> bool:
    """Whether the ranks of this cell alone may call it changed."""
    return cell.training is not None and bool(cell.origin.trainings)


@dataclass(frozen=True)
class _Unit:
    """One training under one quantity; `std` of its golden values, in `unit`."""

    exhibits: tuple[str, ...]
    quantity: str
    networks: tuple[str, ...]
    spiking: bool | None
    training: Training
    std: float
    unit: str


def _units(exhibit: str, cells: Sequence[CellResult]) -> Iterator[_Unit]:
    members: dict[tuple[str, tuple[str, ...]], list[CellResult]] = {}
    for cell in filter(is_single, cells):
        members.setdefault((cell.quantity, cell.origin.trainings), []).append(cell)
    for (quantity, networks), group in members.items():
        origin, unit = group[0].origin, group[0].unit
        fresh = [cell.origin.values for cell in group]
        golden = [
            {s: v for s, v in cell.seeds.items() if s not in cell.origin.values} for cell in group
        ]
        mean = _mean(golden)
        if not mean or (unit == "percent" and at_chance(fmean(mean), origin.chance)):
            continue
        sides = ([_scaled(one, group[0]) for one in side] for side in (golden, fresh))
        std = stdev(mean) if len(mean) > 1 else 0.0
        training = Training(*map(_mean, sides))
        yield _Unit((exhibit,), quantity, networks, origin.spiking, training, std, unit)


def _mean(values: Sequence[SeedValues]) -> tuple[float, ...]:
    """Of the cells, for each seed that is defined in all of them."""
    seeds = [s for s in values[0] if all(not math.isnan(one.get(s, math.nan)) for one in values)]
    return tuple(fmean(one[seed] for one in values) for seed in seeds)


def _scaled(values: SeedValues, cell: CellResult) -> SeedValues:
    if cell.unit == "percent":
        return {s: _logit(value / 100) for s, value in values.items()}
    if cell.quantity.startswith("attack_cka"):
        return {s: -math.log(max(1 - value, LEAST_GAP)) for s, value in values.items()}
    return values


def _logit(share: float) -> float:
    return math.log((share + HALF_AN_IMAGE) / (1 - share + HALF_AN_IMAGE))


def _once(units: Sequence[_Unit]) -> list[_Unit]:
    """Without those that share a network with one before them, whose exhibits they join."""
    found: list[_Unit] = []
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
    said = [f"would have seen {', '.join(found)} with {100 * POWER:g} %"] if found else []
    if idle := sum(bool(cell.idle) for cell in cells):
        said.append(f"{idle} cells guard nothing" if idle != 1 else "1 cell guards nothing")
    return "; ".join(said)


def _amount(value: float, unit: str) -> str:
    return f"{value:.2g} percentage points" if unit.startswith("percent") else f"{value:.2g}"
