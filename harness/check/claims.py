"""The claims of an exhibit, put to the test on its cells."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.check.estimate import Estimate, estimate
from harness.check.golden import level_text
from harness.check.status import Status
from harness.frames.cells import rows
from harness.frames.frame import Frame
from harness.spec.claim import Claim
from harness.spec.claim.predicate import (
    NO_CELLS,
    Outcome,
    Place,
    Undefined,
    Where,
    levels,
    listed,
)
from harness.spec.exhibit import same_level

_STATUS = {
    True: (Status.PASS, "the predicate holds"),
    False: (Status.FAIL, "the predicate does not hold"),
    None: (Status.UNDEFINED, "the predicate cannot be evaluated: "),
}


class _NotAskedFor(Exception):
    """The predicate reads places that were not asked for."""


@dataclass(frozen=True)
class ClaimResult:
    """A claim with its predicate, what was measured, and whether it counts in the verdict."""

    id: str
    text: str
    place: str
    status: Status
    sentence: str
    predicate: str
    measured: str
    basis: str
    counted: bool
    noise: float = math.nan  # how often it would hold by noise alone
    estimate: Estimate = field(default_factory=Estimate)
    keys: frozenset[str] = frozenset()  # of the nodes with the numbers that it reads
    repeats: str = ""
    under: str = ""
    without: str = ""

    @property
    def by_noise(self) -> str:
        """How often noise alone would bear it out; '' where that depends on its size."""
        if math.isnan(self.noise):
            return ""
        return f"noise alone would bear it out in {100 * self.noise:.2g} % of cases"


def evaluate(
    claim: Claim, measured: Frame, *, counted: bool, each: Sequence[Frame] = ()
) -> ClaimResult:
    """Evaluate one claim, and by the frames of `each` seed its interval. What cannot be evaluated
    is UNDEFINED with the reason, never a pass; so is what holds without having met a number. One of
    which some place is not asked for is NOT_ASKED, and does not count.
    """
    reader = _Reader(measured)
    try:
        outcome = _outcome(claim, reader)
        status, said = _STATUS[outcome.holds]
    except _NotAskedFor:
        outcome, counted = Outcome(None), False
        status, said = Status.NOT_ASKED, Status.NOT_ASKED.value
    unit = next((place.unit for place in reader.met if place.unit), "")
    is_decided = outcome.holds is not None
    alone = [_outcome(claim, _Reader(one)) for one in each] if is_decided else []
    alone = alone or [outcome]  # of one seed it is that
    return ClaimResult(
        id=claim.id,
        text=claim.text,
        place=claim.place,
        status=status,
        sentence=said + outcome.why,
        predicate=claim.test.sentence(),
        measured=outcome.said,
        basis=claim.test.basis,
        counted=counted,
        noise=outcome.noise,
        estimate=estimate(outcome, reader.quantity, unit, alone if is_decided else []),
        keys=frozenset(reader.keys),
        repeats=claim.repeats,
        under=claim.under,
        without=claim.without,
    )


def unevaluated(claim: Claim, why: str) -> ClaimResult:
    """A claim of which nothing was read."""
    said = f"{_STATUS[None][1]}{why}"
    test = claim.test
    return ClaimResult(
        claim.id, claim.text, claim.place, Status.UNDEFINED, said, test.sentence(), "", test.basis,
        counted=False, repeats=claim.repeats, under=claim.under, without=claim.without,
    )  # fmt: skip


@dataclass
class _Reader:
    """Reads places of a frame, and remembers them and the nodes whose numbers they are."""

    measured: Frame
    met: list[Place] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    quantity: str = ""  # the first that is read

    def __call__(self, quantity: str, along: Sequence[str], where: Where) -> list[Place]:
        frame, self.quantity = self.measured, self.quantity or quantity
        if any(agrees(axes, where) for axes in frame.left_out.get(quantity, ())):
            raise _NotAskedFor
        self.met.extend(found := places(frame, quantity, along, where))
        of_it = frame.runs.loc[frame.runs["quantity"] == quantity, "key"]
        known = {str(key) for key in of_it.dropna().unique()}  # none where it is derived
        points = (point for point in frame.points if not known or point.key in known)
        self.keys |= {point.key for point in points if agrees(point.axes, where)}
        return found


def _outcome(claim: Claim, reader: _Reader) -> Outcome:
    try:
        outcome = claim.test.evaluate(reader)
        if outcome.holds and all(place.why for place in reader.met):
            raise Undefined(NO_CELLS)
    except Undefined as reason:
        return Outcome(None, why=str(reason))
    return outcome


def places(measured: Frame, quantity: str, along: Sequence[str], where: Where) -> list[Place]:
    """A place for each combination of levels of `along`, in the order of the frame; numbers
    ascending along a single axis.

    Which levels there should be is known of the grid's axes from what was planned, of the others
    from `where`; of the rest those are taken that occur. A level of which nothing is there lacks as
    many places as those of the others that have most.

    Raises:
        Undefined: several cells at a place, or a quantity that does not vary along an axis.
    """
    found: dict[tuple[str, ...], Place] = {}
    table = measured.cells.assign(se=measured.se or math.nan)
    for row in rows(table[table["quantity"] == quantity]):
        if agrees(row, where):
            place = _place(row, quantity, along)
            key = tuple(map(level_text, place.levels))
            if key in found:
                at = levels(dict(zip(along, place.levels, strict=True)))
                said = f"several cells of {quantity}{at and f' at {at}'}: hold more axes"
                raise Undefined(said)
            found[key] = place
    every = list(found.values())
    for wanted in _expected(measured, along, where):
        if not any(
            all(b is None or same_level(a, b) for a, b in zip(place.levels, wanted, strict=True))
            for place in found.values()
        ):
            known = {axis: b for axis, b in zip(along, wanted, strict=True) if b is not None}
            at = levels(known or where)
            why = f"no {quantity}{at and f' at {at}'}"
            every += [Place(lacking, math.nan, why=why) for lacking in _filled(wanted, found)]
    try:
        return sorted(every, key=lambda place: float(place.levels[0] if len(along) == 1 else ""))
    except (TypeError, ValueError):  # they are no numbers
        return every


def _place(row: Mapping[str, Any], quantity: str, along: Sequence[str]) -> Place:
    at: tuple[Any, ...] = tuple(row.get(axis) for axis in along)
    for axis, level in zip(along, at, strict=True):
        if level_text(level) == "":
            raise Undefined(f"{quantity} does not vary with {axis}")
    why = row["why"] or ("no number" if math.isnan(row["value"]) else "")
    prefix = levels(dict(zip(along, at, strict=True)))
    said = f"{prefix}: {why}" if prefix and why else why
    return Place(at, math.nan if why else float(row["value"]), str(row["unit"]), said, row["se"])


def _expected(measured: Frame, along: Sequence[str], where: Where) -> Iterator[tuple[Any, ...]]:
    """Levels at which there should be a cell; None, any level, where nothing tells which."""
    points = [point.axes for point in measured.points if agrees(point.axes, where)]
    planned = [axis for axis in along if points and axis in points[0]]
    others = [axis for axis in along if axis not in planned]
    named = [listed(where[axis]) if axis in where else (None,) for axis in others]
    combinations = dict.fromkeys(tuple(axes[axis] for axis in planned) for axes in points)
    for known in combinations or [()]:
        for chosen in itertools.product(*named):
            at = dict(zip((*planned, *others), (*known, *chosen), strict=True))
            yield tuple(at[axis] for axis in along)


def _filled(wanted: tuple[Any, ...], found: Mapping[Any, Place]) -> Iterator[tuple[Any, ...]]:
    """The places that a level without any stands for: where nothing tells which, those of the
    levels that have most of them, or the one if none has any.
    """
    is_open = [level is None for level in wanted]
    beside: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
    for place in found.values():
        told = zip(place.levels, is_open, strict=True)
        same = tuple(level_text(level) for level, is_any in told if not is_any)
        beside.setdefault(same, []).append(place.levels)
    for levels_there in max(beside.values(), key=len) if any(is_open) and beside else [wanted]:
        yield tuple(b if b is not None else a for a, b in zip(levels_there, wanted, strict=True))


def agrees(at: Mapping[str, Any], where: Where) -> bool:
    """Whether a cell or point lies at `where`. One without a level of an axis agrees with each: a
    gap of ANN and SNN has no neuron, and a planned point no layer."""
    return all(
        level_text(at.get(axis)) == "" or any(same_level(at[axis], one) for one in listed(wanted))
        for axis, wanted in where.items()
    )
