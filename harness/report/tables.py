"""Results of a check → the tables of the page."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from harness.check.compare import CellResult
from harness.check.golden import PUBLISHED
from harness.check.status import Status
from harness.check.verdict import Verdict
from harness.report import evidence, wording
from harness.report.marks import CELLS, of_word
from harness.report.pivot import Pivot
from harness.report.view import ColumnGroup, DetailRow, Fact, Grid, GridBody, GridCell, GridRow

Show = Callable[[CellResult], GridCell]
Names = Mapping[str, str]
"""Quantity → what a reader calls it."""


def comparison(verdict: Verdict, pivot: Pivot, names: Names, caption: str) -> Grid:
    """The exhibit in the paper's layout: measured, golden, difference, one line each."""
    lines: list[tuple[str, str, Show]] = [("here", "measured", _measured)]
    if verdict.golden == PUBLISHED:
        lines.append(("published", "golden", _golden))
    elif verdict.golden:
        lines.append(("measured before", "golden", _before))
    if verdict.golden:
        lines.append(("difference", "difference", _difference))
    if verdict.golden != PUBLISHED:
        lines.append(("published", "published", _published))
    return _grid(verdict.cells, pivot, names, caption, lines)


def plain(cells: Sequence[CellResult], pivot: Pivot, names: Names) -> str:
    """Numbers without anything beside them, as a table of text."""
    grid = _grid(cells, pivot, names, "", [("", "measured", _value)])
    heads = [
        [grid.corner, *(group.title for group in grid.groups for _ in group.labels)],
        ["", *(label for group in grid.groups for label in group.labels)],
    ]
    lines = [
        [body.label, *(text for cell in body.rows[0].cells for text in _columns(cell))]
        for body in grid.bodies
    ]
    return wording.aligned([*heads, *lines])


def _columns(cell: GridCell) -> Iterator[str]:
    """Its text in the last of the columns that it spans, as it stands on the page."""
    yield from itertools.repeat("", cell.span - 1)
    yield cell.text


def _grid(
    cells: Sequence[CellResult],
    pivot: Pivot,
    names: Names,
    caption: str,
    lines: Sequence[tuple[str, str, Show]],
) -> Grid:
    width = len(pivot.columns())
    rows: dict[tuple[str, tuple[str, ...]], list[CellResult | None]] = {}
    for cell in cells:
        row = rows.setdefault((cell.quantity, pivot.row_of(cell.levels)), [None] * width)
        for place in pivot.places(cell.levels):
            row[place] = cell
    bodies = []
    for (quantity, levels), row in rows.items():
        made = [
            GridRow(label, role, tuple(_cells(row, show, pivot))) for label, role, show in lines
        ]
        said = [line for line in made if line.role == "measured" or _says_something(line)]
        at = dict(zip(pivot.rows, levels, strict=True))
        bodies.append(GridBody(_row_label(quantity, at, names), tuple(said)))
    groups = tuple(ColumnGroup(block.title, block.labels) for block in pivot.blocks)
    used = [name for name in pivot.rows if any(cell.levels[name] for cell in cells)]
    corner = ", ".join(wording.axis(name) for name in used)
    is_marked = any(cell.mark for body in bodies for line in body.rows for cell in line.cells)
    is_words = any(cell.text for cell in cells)
    return Grid(caption, corner, groups, tuple(bodies), is_marked, is_words)


def _cells(row: Sequence[CellResult | None], show: Show, pivot: Pivot) -> Iterator[GridCell]:
    """A cell for each of the row; one that stands in several columns side by side spans them."""
    starts = set(itertools.accumulate((len(block.columns) for block in pivot.blocks), initial=0))
    place = 0
    while place < len(row):
        cell, end = row[place], place + 1
        while cell and end < len(row) and row[end] is cell and end not in starts:
            end += 1
        shown = show(cell) if cell else _EMPTY
        yield replace(shown, is_first=place in starts, span=end - place)
        place = end


_EMPTY = GridCell("")


def _says_something(line: GridRow) -> bool:
    return any(cell.text not in ("", wording.NOTHING) for cell in line.cells)


def _row_label(quantity: str, levels: Mapping[str, str], names: Names) -> str:
    said = ", ".join(wording.level(name, text) for name, text in levels.items() if text)
    name = names.get(quantity, wording.quantity(quantity))
    if not name or not said:
        return said or name
    return f"{said}, {name}"


def _value(cell: CellResult) -> GridCell:
    return GridCell(_with_spread(cell), cell.why)


def _measured(cell: CellResult) -> GridCell:
    mark = None if cell.status is Status.NOT_COMPARED else CELLS[cell.status]
    said = "; ".join(filter(None, (cell.sentence, evidence.note(cell))))
    return GridCell(_with_spread(cell), said, mark)


def _with_spread(cell: CellResult) -> str:
    if cell.text:
        return cell.text
    text = wording.number(cell.value, cell.unit)
    if math.isnan(cell.std):
        return text
    return f"{text} ± {wording.number(cell.std, cell.unit)}"


def _golden(cell: CellResult) -> GridCell:
    return GridCell(cell.golden.replace("-", wording.MINUS) if _is_number(cell) else cell.golden)


def _before(cell: CellResult) -> GridCell:
    """A value measured here is not a print: as many digits as the one that it stands beside."""
    try:
        value = float(cell.golden)
    except ValueError:
        return GridCell(cell.golden)  # a word, or nothing
    return GridCell(wording.number(value, cell.unit), cell.computed)


def _published(cell: CellResult) -> GridCell:
    return GridCell(cell.published)


def _difference(cell: CellResult) -> GridCell:
    return GridCell(wording.signed(cell.difference, cell.unit), cell.computed or cell.basis)


def _is_number(cell: CellResult) -> bool:
    return not math.isnan(cell.difference)


def details(cells: Sequence[CellResult], names: Names) -> tuple[DetailRow, ...]:
    """Every compared cell with all that is known of it."""
    return tuple(
        DetailRow(
            quantity=names.get(cell.quantity) or cell.quantity,
            levels=wording.levels(cell.levels),
            value=_with_spread(cell),
            golden=cell.golden or wording.NOTHING,
            difference=wording.signed(cell.difference, cell.unit),
            tolerance=_tolerance(cell),
            computed=cell.computed,
            place=cell.place or cell.published_place,
            published=cell.published or wording.NOTHING,
            mark=CELLS[cell.status],
            sentence=cell.sentence,
            interval=evidence.interval(cell),
            seeds=of_word(cell.uncertainty.word),
            seeds_note=evidence.note(cell),
        )
        for cell in cells
    )


def _tolerance(cell: CellResult) -> str:
    if math.isnan(cell.tolerance):
        return wording.NOTHING
    if cell.tolerance == 0:
        return "exact"
    return f"± {wording.number(cell.tolerance, '')}"


def tolerances(cells: Sequence[CellResult], names: Names) -> tuple[Fact, ...]:
    """Quantity → tolerance and basis; where they differ from cell to cell, the first of them."""
    found: dict[str, dict[str, str]] = {}
    for cell in cells:
        if cell.basis:
            found.setdefault(cell.quantity, {})[_tolerance(cell)] = cell.basis
    facts = []
    for quantity, bases in found.items():
        widths = list(bases)
        said = widths[0] if len(widths) == 1 else f"{widths[0]} and others"
        basis = next(iter(bases.values()))
        facts.append(Fact(names.get(quantity) or quantity, f"{said} – {basis}"))
    return tuple(facts)
