"""An exhibit as a table: the lines of a layout, and what its cells say."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import pandas as pd

from harness.check.compare import CellResult
from harness.check.equivalence import LEVEL
from harness.check.golden import level_text
from harness.check.status import Status, Word
from harness.check.verdict import Verdict
from harness.frames.cells import rows
from harness.layout import PUBLISHED
from harness.report import wording
from harness.report.pivot import Block, Levels, Pivot, spread
from harness.report.wording import CELLS, Fact, Mark
from harness.spec.exhibit import Exhibit

T = TypeVar("T")
Names = Mapping[str, str]
"""Quantity → what a reader calls it."""


@dataclass(frozen=True)
class GridCell:
    """One cell of a table; `mark` where it carries a status, `note` for its tooltip.

    `span` columns are covered by what is about all of them, as a loss from one to the other.
    """

    text: str
    note: str = ""
    mark: Mark | None = None
    is_first: bool = False  # of a group of columns
    span: int = 1


@dataclass(frozen=True)
class GridRow:
    """A line of a table: measured, golden, difference or published."""

    label: str
    role: str
    cells: tuple[GridCell, ...]


@dataclass(frozen=True)
class GridBody:
    """The lines that belong to one row of the paper's table."""

    label: str
    rows: tuple[GridRow, ...]


@dataclass(frozen=True)
class Grid:
    """A table in the paper's layout."""

    caption: str
    corner: str
    groups: tuple[Block, ...]
    bodies: tuple[GridBody, ...]
    is_words: bool  # rather than numbers

    @property
    def numbers(self) -> int:
        """How many cells there are in all lines."""
        return sum(len(row.cells) for body in self.bodies for row in body.rows)


def names_of(exhibit: Exhibit, shown: Collection[str] = ()) -> dict[str, str]:
    """Quantity → word in a row's label. The first one of a measure goes without saying, but for an
    accuracy beside others that are `shown` and not derived from it.
    """
    names = {"accuracy": "", "cell": ""}
    if len({*shown} - {one.quantity for one in exhibit.derive}) > 1:
        del names["accuracy"]
    snn = wording.snn_of(exhibit)
    for one in exhibit.derive:
        sides = (wording.levels({one.over: side}, snn) for side in one.sides)
        said = (" over " if one.is_ratio else " minus ").join(sides)
        names[one.quantity] = f"{wording.quantity(one.quantity)} ({said})"
    return names


def comparison(
    verdict: Verdict, layout: Pivot, exhibit: Exhibit, *, with_intervals: bool = False
) -> Grid:
    """The exhibit in the paper's layout: measured, golden, difference, one line each, and the
    interval of what was measured on request. A quantity that is the only one is named once, above
    them.
    """
    layout = spread(layout, [cell.levels for cell in verdict.cells])
    caption, quantities = exhibit.title, {cell.quantity for cell in verdict.cells}
    names = names_of(exhibit, quantities)
    if len(quantities) == 1 and not quantities <= set(names):
        (one,) = quantities
        names[one], caption = "", f"{caption}: {wording.quantity(one)}"
    lines: list[tuple[str, str, Callable[[CellResult], GridCell]]] = []
    lines.append(("here", "measured", _measured))
    if with_intervals and (called := intervals(verdict.cells)):
        lines.append((called, "interval", lambda cell: GridCell(interval(cell))))
    if verdict.golden == PUBLISHED:
        lines.append(("published", "golden", _golden))
    elif verdict.golden:
        lines.append(("measured before", "golden", _before))
    if verdict.golden:
        lines.append(("difference", "difference", _difference))
    if verdict.golden != PUBLISHED:
        lines.append(("published", "published", lambda cell: GridCell(cell.published)))
    if verdict.word is Word.BESIDE:
        lines.append(("difference", "difference", _difference))
    bodies = []
    cells = ((cell.quantity, cell.levels, cell) for cell in verdict.cells)
    for (quantity, at), row in layout.arranged(cells).items():
        made = [
            GridRow(label, role, tuple(_cells(row, show, layout))) for label, role, show in lines
        ]
        nothing = {"", wording.NOTHING}
        said = [line for line in made if line.role == "measured" or
                not {cell.text for cell in line.cells} <= nothing]  # fmt: skip
        bodies.append(GridBody(_label(quantity, dict(at), names, layout.snn), tuple(said)))
    corner = _corner(layout, [cell.levels for cell in verdict.cells])
    is_words = any(cell.text for cell in verdict.cells)
    return Grid(caption, corner, layout.blocks, tuple(bodies), is_words)


def listing(cells: pd.DataFrame, layout: Pivot, exhibit: Exhibit) -> str:
    """Cells of a frame without anything beside them, as a table of text."""
    shown = {str(one) for one in cells["quantity"]}
    names = {one: wording.quantity(one) for one in shown} | names_of(exhibit, shown)
    found = rows(cells)
    levels = [
        {name: level_text(row[name]) for name in cells.columns[: cells.columns.get_loc("quantity")]}
        for row in found
    ]
    lines = [
        [_corner(layout, levels), *(group.title for group in layout.blocks for _ in group.labels)],
        ["", *(label for group in layout.blocks for label in group.labels)],
    ]
    placed = ((str(row["quantity"]), at, row) for row, at in zip(found, levels, strict=True))
    for (quantity, at), line in layout.arranged(placed).items():
        texts = []
        for cell in _cells(line, lambda row: GridCell(_text(row)), layout):
            texts += [*itertools.repeat("", cell.span - 1), cell.text]
        lines.append([_label(quantity, dict(at), names, layout.snn), *texts])
    return wording.aligned(lines)


def _text(row: Mapping[str, object]) -> str:
    value, std, unit = float(str(row["value"])), float(str(row["std"])), str(row["unit"])
    return with_spread(level_text(row["text"]), value, std, unit)


def _cells(
    line: Sequence[T | None], show: Callable[[T], GridCell], layout: Pivot
) -> Iterator[GridCell]:
    """A cell for each of the line; one that stands in several columns side by side spans them."""
    starts = set(itertools.accumulate((len(block.columns) for block in layout.blocks), initial=0))
    place = 0
    while place < len(line):
        cell, end = line[place], place + 1
        while cell is not None and end < len(line) and line[end] is cell and end not in starts:
            end += 1
        shown = show(cell) if cell is not None else GridCell("")
        yield replace(shown, is_first=place in starts, span=end - place)
        place = end


def _corner(layout: Pivot, cells: Sequence[Levels]) -> str:
    used = [name for name in layout.rows if any(levels[name] for levels in cells)]
    return ", ".join(wording.axis(name) for name in used)


def _label(quantity: str, levels: Levels, names: Names, snn: str) -> str:
    said = ", ".join(wording.level(name, text, snn) for name, text in levels.items() if text)
    name = names.get(quantity, wording.quantity(quantity))
    return f"{said}, {name}" if name and said else said or name


def with_spread(text: str, value: float, std: float, unit: str) -> str:
    """Words, or a number with its standard deviation where there is one."""
    said = text or wording.number(value, unit)
    return said if text or math.isnan(std) else f"{said} ± {wording.number(std, unit)}"


def measured(cell: CellResult) -> str:
    """What was measured in a cell."""
    return with_spread(cell.text, cell.value, cell.std, cell.unit)


def _measured(cell: CellResult) -> GridCell:
    mark = None if cell.status is Status.NOT_COMPARED else CELLS[cell.status]
    said = "; ".join(filter(None, (cell.sentence, note(cell))))
    return GridCell(measured(cell), said, mark)


def _golden(cell: CellResult) -> GridCell:
    is_number = not math.isnan(cell.difference)
    return GridCell(cell.golden.replace("-", wording.MINUS) if is_number else cell.golden)


def _before(cell: CellResult) -> GridCell:
    """A value measured here is not a print: as many digits as the one that it stands beside."""
    try:
        value = float(cell.golden)
    except ValueError:
        return GridCell(cell.golden)  # a word, or nothing
    return GridCell(wording.number(value, cell.unit), cell.computed)


def _difference(cell: CellResult) -> GridCell:
    return GridCell(wording.signed(cell.difference, cell.unit), cell.computed or cell.basis)


def tolerance(cell: CellResult) -> str:
    """`± 0.5`, `exact`."""
    if math.isnan(cell.tolerance):
        return wording.NOTHING
    return "exact" if cell.tolerance == 0 else f"± {wording.number(cell.tolerance, '')}"


def tolerances(cells: Sequence[CellResult], names: Names) -> tuple[Fact, ...]:
    """Quantity → tolerance and basis; where they differ from cell to cell, the first of them."""
    found: dict[str, dict[str, str]] = {}
    for cell in cells:
        if cell.basis:
            found.setdefault(cell.quantity, {})[tolerance(cell)] = cell.basis
    facts = []
    for quantity, bases in found.items():
        width, basis = next(iter(bases.items()))
        said = f"{width} and others" if len(bases) > 1 else width
        facts.append(Fact(names.get(quantity) or quantity, f"{said} – {basis}"))
    return tuple(facts)


def interval(cell: CellResult) -> str:
    """`89.12 to 90.05`: where the mean over the seeds lies at the stated level."""
    low, high = cell.uncertainty.low, cell.uncertainty.high
    if math.isnan(low):
        return wording.NOTHING
    return f"{wording.number(low, cell.unit)} to {wording.number(high, cell.unit)}"


def intervals(cells: Sequence[CellResult]) -> str:
    """`90 % interval` where any cell has one or was tested; nothing where no spread is known."""
    for found in (cell.uncertainty for cell in cells):
        if not math.isnan(found.low) or found.is_tested:
            return f"{100 * LEVEL:.0f} % interval"
    return ""


def note(cell: CellResult) -> str:
    """What the seeds of a cell say of the published value, where they were tested."""
    return cell.uncertainty.sentence if cell.uncertainty.is_tested else ""
