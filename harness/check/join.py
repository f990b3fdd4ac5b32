"""Cells, golden and published lines side by side: joined on index and quantity, one to one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from harness.check.golden import Golden, Index, level_text
from harness.check.subject import Measured, rows


@dataclass(frozen=True)
class Standard:
    """What the cells are held against. Without `golden`, `why` says why they are not compared."""

    golden: Golden | None
    published: Golden | None
    why: str = ""


def joined(cells: pd.DataFrame, measured: Measured, standard: Standard) -> list[dict[str, Any]]:
    """Cells, golden and published lines side by side; each row has what there is of the three."""
    on = [*measured.index, "quantity"]
    left = cells.assign(**{name: [level_text(v) for v in cells[name]] for name in on})
    left = left.assign(measured=[True] * len(left))
    for name, golden in (("golden", standard.golden), ("published", standard.published)):
        lines = golden.cells if golden else ()
        content = [(*cell.index, cell.quantity, cell) for cell in lines]
        right = pd.DataFrame(content, columns=[*on, name], dtype=object)
        how = "outer" if name == "golden" or standard.golden is None else "left"
        left = _merged(left, right, on, how)
    place = {at: number for number, at in enumerate(_order(cells, measured, standard, on))}
    return sorted(rows(left), key=lambda row: place[tuple(row[name] for name in on)])


def _merged(left: pd.DataFrame, right: pd.DataFrame, on: list[str], how: Any) -> pd.DataFrame:
    for name in on:
        left[name] = left[name].astype(object)
    return left.merge(right, on=on, how=how, validate="one_to_one", sort=False)


def _order(
    cells: pd.DataFrame, measured: Measured, standard: Standard, on: list[str]
) -> Iterator[Index]:
    """Quantities as in the golden file; within one the order of the frame, then of the file."""
    of_frame = [tuple(map(level_text, row)) for row in cells[on].itertuples(index=False)]
    of_files = [
        (*cell.index, cell.quantity)
        for golden in (standard.golden, standard.published)
        for cell in (golden.cells if golden else ())
    ]
    quantities = dict.fromkeys([at[-1] for at in (*of_files, *of_frame)])
    places = dict.fromkeys([*of_frame, *of_files])
    for quantity in quantities:
        yield from (at for at in places if at[-1] == quantity)
