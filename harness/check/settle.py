"""Verdicts on values measured here, settled by what all exhibits of a command say together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from harness.check.compare import CellResult
from harness.check.golden import PUBLISHED
from harness.check.shift import ALPHA_SINGLE
from harness.check.status import ExhibitStatus, Status
from harness.check.together import Together, together
from harness.check.verdict import OPEN, Verdict


def settle(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """The verdicts, each with what the trainings of all of them say by ranks."""
    every = tuple(verdicts)
    found = together({one.exhibit: one.cells for one in every if one.golden not in _OTHERS})
    return tuple(one if one.golden in _OTHERS else _settled(one, found) for one in every)


_OTHERS = (None, PUBLISHED)


def _settled(verdict: Verdict, found: Together) -> Verdict:
    """The verdict with what all trainings of the command say together.

    Where a golden file keeps each seed's number, a cell outside of its band is called changed by
    its ranks alone, at a rate that holds for all trainings together; with too few seeds for that it
    asks for more.
    """
    cells = tuple(_by_ranks(cell, found) for cell in verdict.cells)
    ranks = found.of(verdict.exhibit)
    alarms = [group.sentence for group in ranks if group.test.alarms]
    asks = sorted({seed for cell in cells for seed in _asked(cell, found)})
    status, why, statuses = verdict.status, verdict.why, {cell.status for cell in cells}
    if alarms:
        status, why = ExhibitStatus.NOT_REPRODUCED, "; ".join(alarms)
    elif status is ExhibitStatus.NOT_REPRODUCED and Status.FAIL not in statuses:
        is_open = bool(statuses & set(OPEN))
        status = ExhibitStatus.INCOMPLETE if is_open else ExhibitStatus.REPRODUCED
        if asks:
            status = ExhibitStatus.UNDECIDED
            why = f"seeds {', '.join(map(str, asks))}"
    return replace(verdict, cells=cells, status=status, why=why, ranks=ranks, asks=tuple(asks))


def _by_ranks(cell: CellResult, found: Together) -> CellResult:
    if cell.status is not Status.FAIL or not cell.seeds:
        return cell
    if cell.is_derived:
        return replace(
            cell, status=Status.APART, why="it is made of cells that are held themselves"
        )
    if cell.training is None:
        return cell
    if _asked(cell, found):
        needed = found.seeds_to_decide(cell.training.design.golden)
        why = f"{cell.training.design.fresh} fresh seeds, and {needed} are needed"
        return replace(cell, status=Status.APART, why=why)
    p = min(1.0, cell.training.p * found.cells)
    said = f"by ranks p = {p:.2g}, times the {found.cells} cells that might have been it"
    if p <= ALPHA_SINGLE:
        return replace(cell, why=said)
    return replace(cell, status=Status.APART, why=said)


def _asked(cell: CellResult, found: Together) -> tuple[int, ...]:
    """The further seeds that would decide a cell which lies outside of its band."""
    if cell.status not in (Status.FAIL, Status.APART) or cell.training is None:
        return ()
    lacking = found.seeds_to_decide(cell.training.design.golden) - cell.training.design.fresh
    first = max((*cell.seeds, *cell.origin.values)) + 1
    return tuple(range(first, first + max(0, lacking))) if cell.origin.trainings else ()
