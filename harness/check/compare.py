"""Cells against golden values: an outer join on index and quantity, never by position."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from statistics import NormalDist
from typing import Any

from harness.check.equivalence import Uncertainty, by_seeds, rounding, sample, untested
from harness.check.golden import GoldenCell, SeedValues, level_text
from harness.check.shift import POWER, Training
from harness.check.standard import Standard
from harness.check.status import Status, Word
from harness.check.tolerance import Allowed, Rule, Seeds, Unsettled, allowed, guards_nothing
from harness.frames.cells import rows
from harness.frames.frame import Frame
from harness.frames.recorded import Absence
from harness.layout import PUBLISHED

MEASURED_HERE = "it is held against a value measured here, not against a published one"

SAME = 1e-9  # of a number that equal arithmetic gives again: a frame adds in any order

At = tuple[str, ...]
"""The quantity of a cell, then its levels."""


@dataclass(frozen=True)
class Origin:
    """What a cell is made of: the number of each seed, and the networks behind them, as the points
    name them. A cell without networks is derived from others.
    """

    values: dict[int, float] = field(default_factory=dict)
    trainings: tuple[str, ...] = ()
    spiking: bool | None = None
    chance: float = math.nan


def origins(measured: Frame) -> dict[At, Origin]:
    """The origin of each cell."""
    networks = {
        point.key: (point.trainings, point.spiking, point.chance) for point in measured.points
    }
    found: dict[At, Origin] = {}
    for row in rows(measured.runs):
        behind = networks.get(level_text(row["key"]), ())
        values = found.setdefault(_at(row, measured), Origin({}, *behind)).values
        values[int(row["seed"])] = math.nan if row["why"] else row["value"]
    return found


def _at(row: Mapping[str, Any], measured: Frame) -> At:
    return (str(row["quantity"]), *(level_text(row[name]) for name in measured.index))


@dataclass(frozen=True)
class CellResult:
    """One cell with its status; `golden` and `published` as printed, '' where there is none. The
    difference is that to the golden value; of one that stands beside the published value, held
    against nothing, to this.
    """

    levels: Mapping[str, str]
    quantity: str
    status: Status
    why: str = ""
    value: float = math.nan
    std: float = math.nan
    n: int = 0
    text: str = ""
    unit: str = ""
    golden: str = ""
    difference: float = math.nan
    tolerance: float = math.nan
    basis: str = ""
    computed: str = ""
    place: str = ""
    published: str = ""
    published_place: str = ""
    uncertainty: Uncertainty = field(default_factory=lambda: Uncertainty(Word.NOT_TESTED, ""))
    origin: Origin = field(default_factory=Origin)
    seeds: SeedValues = field(default_factory=dict)  # of the golden value
    idle: str = ""  # why its band could not fail, if so
    sees: float = math.nan  # the change of this cell alone that its band would have shown
    again: str = ""  # what a seed gives otherwise than when it was measured, where it must not

    @property
    def is_derived(self) -> bool:
        """Whether it is made of other cells, as a gap is."""
        return bool(self.origin.values) and not self.origin.trainings

    @property
    def is_beside(self) -> bool:
        """Whether it stands beside a published number and is held against nothing."""
        return self.status is Status.NOT_COMPARED and not math.isnan(self.difference)

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
        return self.again or self.status.sentence(self.why)


def compare(
    measured: Frame, standard: Standard, *, repeats: bool = False
) -> tuple[CellResult, ...]:
    """A result for each cell of every compared quantity: quantities as in the golden file, within
    one the order of the frame, then of the file. Where the runs are made as the golden ones were
    (`repeats`), a seed that is among these has to give its value again.

    Compared are the quantities that the golden file has (where there is none: those that the
    published one has, else all but the fine ones); further quantities of the frame are additional
    and have no status. Without golden values, a published cell that was not planned is left out;
    one that was not asked for always is.
    """
    against = standard.golden or standard.published
    here = {_at(row, measured): row for row in rows(measured.cells)}
    for at in [*here]:
        if at[0] not in against.quantities if against else at[0] in measured.fine:
            del here[at]
    golden, published = (
        {(cell.quantity, *cell.index): cell for cell in (found.cells if found else ())}
        for found in (standard.golden, standard.published)
    )
    behind = origins(measured) if standard.golden else {}
    order = list(dict.fromkeys(at[0] for at in (*golden, *published, *here)))
    every = dict.fromkeys((*here, *golden, *published))
    found = []
    for at in sorted(every, key=lambda at: order.index(at[0])):
        levels = dict(zip(measured.index, at[1:], strict=True))
        if not measured.is_asked_for(at[0], levels):
            continue
        is_planned = standard.golden is None and any(_absent(measured, levels))
        if at in here or at in golden or is_planned:
            row = _Row(levels, at[0], here.get(at), golden.get(at), published.get(at))
            cell = _result(row, measured, standard, behind.get(at, Origin()))
            again = _again(cell) if repeats else ""
            found.append(replace(cell, status=Status.FAIL, again=again) if again else cell)
    return tuple(found)


def _again(cell: CellResult) -> str:
    """What a seed gives otherwise than when it was measured, if any does."""
    for seed, value in cell.origin.values.items():
        before = cell.seeds.get(seed, value)
        is_same = math.isclose(value, before, rel_tol=SAME, abs_tol=SAME)
        if not is_same and not (math.isnan(value) and math.isnan(before)):
            return f"seed {seed} gives {value:.10g}, and gave {before:.10g} when it was measured"
    return ""


@dataclass(frozen=True)
class _Row:
    """What there is of a cell: its row of the frame, its golden line, its published one."""

    levels: Mapping[str, str]
    quantity: str
    here: Mapping[str, Any] | None
    golden: GoldenCell | None
    published: GoldenCell | None


_NOTHING: Mapping[str, Any] = {"value": math.nan, "std": math.nan, "n": 0, "text": None, "unit": ""}


def _result(row: _Row, measured: Frame, standard: Standard, origin: Origin) -> CellResult:
    here, golden, published = row.here or _NOTHING, row.golden, row.published
    value, std, n = float(here["value"]), float(here["std"]), int(here["n"])
    rule = standard.golden.rules[golden.rule] if standard.golden and golden else None
    status, why, bound = _judged(row, rule, measured, standard)
    number = golden.number if golden else None
    unit = str(here["unit"])
    idle, sees = _power(golden, rule, bound, unit, origin, n)
    if idle and status is Status.PASS:
        status, why = Status.IDLE, idle
    is_published = standard.golden is not None and standard.golden.name == PUBLISHED
    found = sample(value, std, n, number)
    difference = math.nan
    if number is not None and not math.isnan(bound.value):
        difference = value - number.value
    elif standard.is_beside and published and published.number and not here.get("why"):
        difference = value - published.number.value
    if status not in (Status.PASS, Status.FAIL):
        uncertainty = untested(status.sentence(why), found)
    elif rule is None or not is_published:
        uncertainty = untested(MEASURED_HERE, found)
    else:
        uncertainty = by_seeds(found, number, rule, bound.value, same=status is Status.PASS)
    return CellResult(
        levels=row.levels,
        quantity=row.quantity,
        status=status,
        why=why,
        value=value,
        std=std,
        n=n,
        text=level_text(here["text"]),
        unit=unit,
        golden=golden.shown if golden else "",
        difference=difference,
        tolerance=bound.value,
        basis=bound.basis,
        computed=bound.computed,
        place=golden.place if golden else "",
        published=published.shown if published else "",
        published_place=published.place if published else "",
        uncertainty=uncertainty,
        origin=origin,
        seeds=golden.seeds if golden else {},
        idle=idle,
        sees=sees,
    )


def _power(
    golden: GoldenCell | None, rule: Rule | None, bound: Allowed, unit: str, origin: Origin, n: int
) -> tuple[str, float]:
    """Why the band of a measured value could not fail, if so, and else what it would have shown."""
    if golden is None or isinstance(rule, Unsettled):
        return golden.shown if golden else "", math.nan
    number = golden.number
    if not isinstance(rule, Seeds) or not number or number.std is None or math.isnan(bound.value):
        return "", math.nan
    if idle := guards_nothing(number.value, bound.value, unit, origin.chance):
        return idle, math.nan
    beyond = NormalDist().inv_cdf(POWER) * number.std / math.sqrt(max(n, 1))
    return "", bound.value + beyond


_NONE = Allowed(math.nan, "")


def _judged(
    row: _Row, rule: Rule | None, measured: Frame, standard: Standard
) -> tuple[Status, str, Allowed]:
    """The status, its reason, and the tolerance where the cell was held against one."""
    here, golden = row.here, row.golden
    if standard.golden is None:
        why = standard.why if here else f"{standard.why}; {_absence(measured, row.levels)[1]}"
        return Status.NOT_COMPARED, why, _NONE
    if golden is None or rule is None:
        return Status.UNEXPECTED, "", _NONE
    if here is None:
        return (*_absence(measured, row.levels), _NONE)
    if isinstance(rule, Unsettled):
        return Status.NOT_COMPARED, f"when measured for the golden file, {golden.text}", _NONE
    if here["why"]:
        return Status.UNDEFINED, str(here["why"]), _NONE
    if golden.number is None:
        inside, bound = level_text(here["text"]) == golden.text, Allowed(0.0, rule.basis)
    elif math.isnan(here["value"]):
        return Status.UNDEFINED, f"words where {golden.shown} is expected", _NONE
    else:
        bound = allowed(rule, golden.number, int(here["n"]))
        value, expected = float(here["value"]), golden.number.value
        inside = abs(value - expected) <= bound.value + rounding(value, expected)
    return Status.PASS if inside else Status.FAIL, "", bound


def _absence(measured: Frame, levels: Mapping[str, str]) -> tuple[Status, str]:
    """Why there is no such cell: a run that failed, one that never began, or no such point."""
    reasons: dict[str, bool] = {}
    for absence in _absent(measured, levels):
        reasons.setdefault(absence.reason, absence.failed)
    if not reasons:
        return Status.MISSING, "no run of the grid gives it"
    failed = [reason for reason, went_wrong in reasons.items() if went_wrong]
    if failed:
        return Status.MISSING, "; ".join(failed)
    return Status.NOT_RUN, "; ".join(reasons)


def _absent(measured: Frame, levels: Mapping[str, str]) -> Iterator[Absence]:
    """Of the points that a cell at these levels would come from, why they have no numbers."""
    for point in measured.points:
        if point.absence and all(
            not levels.get(name) or levels[name] == level_text(point.axes[name])
            for name in point.axes
        ):
            yield point.absence
