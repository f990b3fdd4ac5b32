"""Cells against golden values: an outer join on index and quantity, never by position."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any

from harness.check.equivalence import (
    Spread,
    Uncertainty,
    beside,
    rounding,
    sample,
    untested,
    weighed,
    without_spread,
)
from harness.check.golden import PUBLISHED, GoldenCell, level_text
from harness.check.join import Standard, joined
from harness.check.reach import guards_nothing
from harness.check.seed_values import SeedValues
from harness.check.shift import POWER, Training
from harness.check.status import Status
from harness.check.subject import Measured, Origin, origins
from harness.check.tolerance import Allowed, Exact, Margin, Printed, Rule, Seeds, Unsettled, allowed

MEASURED_HERE = "it is held against a value measured here, not against a published one"


@dataclass(frozen=True)
class CellResult:
    """One cell with its status; `golden` and `published` as printed, '' where there is none."""

    levels: Mapping[str, str]
    quantity: str
    status: Status
    why: str
    value: float
    std: float
    n: int
    text: str
    unit: str
    golden: str
    difference: float
    tolerance: float
    basis: str
    computed: str
    place: str
    published: str
    published_place: str
    uncertainty: Uncertainty
    origin: Origin = field(default_factory=Origin)
    seeds: SeedValues = field(default_factory=dict)  # of the golden value
    idle: str = ""  # why its band could not fail, if so
    sees: float = math.nan  # the change of this cell alone that its band would have shown

    @property
    def is_derived(self) -> bool:
        """Whether it is made of other cells, as a gap is."""
        return bool(self.origin.values) and not self.origin.trainings

    @property
    def training(self) -> Training | None:
        """Its fresh runs beside the golden ones of other seeds, where both are kept."""
        fresh = self.origin.values
        golden = {s: v for s, v in self.seeds.items() if s not in fresh and not math.isnan(v)}
        if not golden or not fresh or any(map(math.isnan, fresh.values())):
            return None
        return Training(tuple(golden.values()), tuple(fresh.values()))

    @property
    def sentence(self) -> str:
        """The status as a reader sees it."""
        return self.status.sentence(self.why)


def compare(measured: Measured, standard: Standard) -> tuple[CellResult, ...]:
    """A result for each cell of every compared quantity, in the order of the frame.

    Compared are the quantities that the golden file has (where there is none: those that the
    published one has, else all but the fine ones); further quantities of the frame are additional
    and have no status.
    """
    against = standard.golden or standard.published
    behind = origins(measured) if standard.golden else {}
    cells = measured.cells
    if against is not None:
        cells = cells[cells["quantity"].isin(against.quantities)]
    else:
        cells = cells[~cells["quantity"].isin(measured.fine)]
    found = joined(cells, measured, standard)
    if standard.golden is None:
        found = [row for row in found if row["measured"] is True or _is_planned(row, measured)]
    return tuple(_result(row, measured, standard, behind) for row in found)


def _is_planned(row: Mapping[str, Any], measured: Measured) -> bool:
    """Whether a published cell that is not there should be: an override may leave cells out."""
    levels = {name: str(row[name]) for name in measured.index}
    return any(point.absence and _agrees(point.axes, levels) for point in measured.points)


def _result(
    row: Mapping[str, Any],
    measured: Measured,
    standard: Standard,
    behind: Mapping[tuple[str, ...], Origin],
) -> CellResult:
    golden, published = _line(row["golden"]), _line(row["published"])
    levels = {name: str(row[name]) for name in measured.index}
    there = row["measured"] is True
    status, why, difference, bound = _judged(row, levels, golden, measured, standard)
    origin = behind.get((str(row["quantity"]), *levels.values()), Origin())
    unit = str(row["unit"]) if there else ""
    idle, sees = _power(golden, bound, unit, origin, standard, int(row["n"]) if there else 0)
    return CellResult(
        levels=levels,
        quantity=str(row["quantity"]),
        status=status,
        why=why,
        value=float(row["value"]) if there else math.nan,
        std=float(row["std"]) if there else math.nan,
        n=int(row["n"]) if there else 0,
        text=level_text(row["text"]) if there else "",
        unit=unit,
        golden=golden.shown if golden else "",
        difference=difference,
        tolerance=bound.value,
        basis=bound.basis,
        computed=bound.computed,
        place=golden.place if golden else "",
        published=published.shown if published else "",
        published_place=published.place if published else "",
        uncertainty=_uncertainty(row, status, why, golden, bound, standard),
        origin=origin,
        seeds=golden.seeds if golden else {},
        idle=idle,
        sees=sees,
    )


def _power(
    golden: GoldenCell | None,
    bound: Allowed,
    unit: str,
    origin: Origin,
    standard: Standard,
    n: int,
) -> tuple[str, float]:
    """Why the band of a measured value could not fail, if so, and else what it would have shown."""
    if golden and standard.golden and isinstance(standard.golden.rules[golden.rule], Unsettled):
        return golden.shown, math.nan
    if (
        golden is None
        or golden.number is None
        or standard.golden is None
        or math.isnan(bound.value)
    ):
        return "", math.nan
    if not isinstance(standard.golden.rules[golden.rule], Seeds) or golden.number.std is None:
        return "", math.nan
    idle = guards_nothing(golden.number.value, bound.value, unit, origin.chance)
    beyond = NormalDist().inv_cdf(POWER) * golden.number.std / math.sqrt(max(n, 1))
    return idle, math.nan if idle else bound.value + beyond


def _uncertainty(
    row: Mapping[str, Any],
    status: Status,
    why: str,
    golden: GoldenCell | None,
    bound: Allowed,
    standard: Standard,
) -> Uncertainty:
    """What the seeds say of the published value; of no other, since the tolerances of values
    measured here grow and shrink with the seeds and guard against change, not for equality.
    """
    there = row["measured"] is True
    mean, n = (float(row["value"]), int(row["n"])) if there else (math.nan, 0)
    std = float(row["std"]) if there else math.nan
    number = golden.number if golden else None
    found = sample(mean, std, n, number.std if number else None, number.n if number else None)
    if status not in (Status.PASS, Status.FAIL):
        return untested(status.sentence(why), found, n)
    if golden is None or standard.golden is None or standard.golden.name != PUBLISHED:
        return untested(MEASURED_HERE, found, n)
    rule = standard.golden.rules[golden.rule]
    if isinstance(rule, Exact) or number is None:
        return without_spread(status is Status.PASS, n)
    spread = _spread(number, rule)
    if n == 1 or found is None:
        return beside(mean, number.value, bound.value, spread)
    return weighed(found, number.value, bound.value, spread)


def _spread(published: Printed, rule: Rule) -> Spread | None:
    """That printed beside the value, else one that its rule borrows."""
    if published.std is not None and (published.n or 0) > 1:
        runs = int(published.n or 0)
        return Spread(published.std, runs, runs, f"{runs} runs of its own")
    if isinstance(rule, Margin) and rule.spread:
        return Spread(rule.spread.std, rule.spread.seeds, 1, rule.spread.source)
    return None


def _line(value: Any) -> GoldenCell | None:
    return value if isinstance(value, GoldenCell) else None


Judged = tuple[Status, str, float, Allowed]  # status, reason, difference, tolerance


def _judged(
    row: Mapping[str, Any],
    levels: Mapping[str, str],
    golden: GoldenCell | None,
    measured: Measured,
    standard: Standard,
) -> Judged:
    there = row["measured"] is True
    if standard.golden is None:
        why = standard.why if there else f"{standard.why}; {_absence(measured, levels)[1]}"
        return _bare(Status.NOT_COMPARED, why)
    if golden is None:
        return _bare(Status.UNEXPECTED)
    if not there:
        return _bare(*_absence(measured, levels))
    if isinstance(standard.golden.rules[golden.rule], Unsettled):
        return _bare(Status.NOT_COMPARED, f"when measured for the golden file, {golden.text}")
    if row["why"]:
        return _bare(Status.UNDEFINED, str(row["why"]))
    if golden.number is None:
        same = level_text(row["text"]) == golden.text
        bound = Allowed(0.0, standard.golden.rules[golden.rule].basis)
        return (Status.PASS if same else Status.FAIL, "", math.nan, bound)
    if math.isnan(row["value"]):
        return _bare(Status.UNDEFINED, f"words where {golden.shown} is expected")
    bound = allowed(standard.golden.rules[golden.rule], golden.number, int(row["n"]))
    value, expected = float(row["value"]), golden.number.value
    difference = value - expected
    inside = abs(difference) <= bound.value + rounding(value, expected)
    return (Status.PASS if inside else Status.FAIL, "", difference, bound)


def _bare(status: Status, why: str = "") -> Judged:
    return status, why, math.nan, Allowed(math.nan, "")


def _absence(measured: Measured, levels: Mapping[str, str]) -> tuple[Status, str]:
    """Why there is no such cell: a run that failed, one that never began, or no such point."""
    reasons: dict[str, bool] = {}
    for point in measured.points:
        if point.absence and _agrees(point.axes, levels):
            reasons.setdefault(point.absence.reason, point.absence.failed)
    if not reasons:
        return Status.MISSING, "no run of the grid gives it"
    failed = [reason for reason, went_wrong in reasons.items() if went_wrong]
    if failed:
        return Status.MISSING, "; ".join(failed)
    return Status.NOT_RUN, "; ".join(reasons)


def _agrees(axes: Mapping[str, Any], levels: Mapping[str, str]) -> bool:
    return all(not levels.get(name) or levels[name] == level_text(axes[name]) for name in axes)
