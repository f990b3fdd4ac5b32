"""Numbers beside the published ones that another schedule made: how far apart, in which order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

from harness.check.compare import CellResult
from harness.spec.claim.course import FEWEST, signed, spearman
from harness.words import counted


def told(cells: Sequence[CellResult]) -> str:
    """`accuracy: 18 cells off by −15.20 in the median (−40.33 to −12.10), …` of each quantity that
    stands beside published numbers; nothing where none does.
    """
    found: dict[str, list[CellResult]] = {}
    for cell in cells:
        if cell.is_beside:
            found.setdefault(cell.quantity, []).append(cell)
    return "; ".join(f"{quantity}: {_of(those)}" for quantity, those in found.items())


def _of(cells: Sequence[CellResult]) -> str:
    apart = [round(cell.difference, 2) + 0.0 for cell in cells]  # no −0.00
    said = f"{counted(len(cells), 'cell')} off by {signed(median(apart))}"
    if len(cells) > 1:
        said += f" in the median ({signed(min(apart))} to {signed(max(apart))})"
    here, there = [cell.value for cell in cells], [cell.value - cell.difference for cell in cells]
    rho = spearman(here, there) if len(cells) >= FEWEST else None
    if rho is None or math.isnan(rho):
        return said
    return f"{said}, their order beside the published one: Spearman's ρ {signed(rho)}"
