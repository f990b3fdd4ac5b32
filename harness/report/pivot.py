"""The layout of an exhibit as a table, from the grids that made it.

Rows are by what all grids vary, columns by the rest: Table 1 has two grids, neuron × depth and
neuron × width, so its rows are neurons, its columns depths, then widths. A single grid puts its
last axis across.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from harness.check.golden import level_text
from harness.plan.expand import PlannedExhibit
from harness.report import wording
from harness.spec.exhibit import level_of

T = TypeVar("T")
Levels = Mapping[str, str]
Row = tuple[str, tuple[tuple[str, str], ...]]
"""The quantity of a line, and the levels down the side."""
WIDEST = 8  # columns of an axis that a measure adds


@dataclass(frozen=True)
class Block:
    """Columns that one grid gives: the axes across, and the levels that hold for each column."""

    axes: tuple[str, ...]
    columns: tuple[Levels, ...]
    snn: str = wording.SNN  # the neuron that is called so

    @property
    def title(self) -> str:
        return " × ".join(wording.axis(name) for name in self.axes)

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(
            ", ".join(wording.level(name, column[name], self.snn) for name in self.axes)
            for column in self.columns
        )


@dataclass(frozen=True)
class Pivot:
    """Index columns down the side, and the blocks of columns."""

    rows: tuple[str, ...]
    blocks: tuple[Block, ...]
    snn: str = wording.SNN  # the neuron that is called so

    def columns(self) -> tuple[Levels, ...]:
        """The levels of every column, left to right."""
        return tuple(column for block in self.blocks for column in block.columns)

    def arranged(self, cells: Iterable[tuple[str, Levels, T]]) -> dict[Row, list[T | None]]:
        """Cells, each with its quantity and levels, in lines: by quantity and the levels of the
        rows, one for each column. What is about several columns stands in all of them.
        """
        columns = self.columns()
        found: dict[Row, list[T | None]] = {}
        for quantity, levels, cell in cells:
            at = (quantity, tuple((name, levels[name]) for name in self.rows))
            line = found.setdefault(at, [None] * len(columns))
            for place in (n for n, column in enumerate(columns) if agrees(levels, column)):
                line[place] = cell
        return found


def agrees(levels: Levels, column: Levels) -> bool:
    """Whether a cell stands in a column; an axis that it has not, as the time steps of an ANN,
    keeps it from none.
    """
    return all(levels[name] in ("", level) for name, level in column.items())


def pivot(planned: PlannedExhibit) -> Pivot:
    """The layout of an exhibit."""
    grids = [
        {
            name: tuple(level_text(level_of(name, level)) for level in levels)
            for name, levels in grid.axes().items()
            if name != "seed"
        }
        for grid in planned.exhibit.grid
    ]
    varied = planned.exhibit.varied()
    shared = tuple(name for name in varied if all(name in grid for grid in grids))
    if any(set(grid) <= set(shared) for grid in grids):
        shared = shared[:-1]
    added = tuple(name for name in planned.index if name not in varied)
    blocks: dict[frozenset[object], Block] = {}
    snn = wording.snn_of(planned.exhibit)
    for grid in grids:
        across = tuple(name for name in grid if name not in shared)
        held = _held(grid, planned)
        combinations = itertools.product(*(grid[name] for name in across))
        columns = tuple(held | dict(zip(across, at, strict=True)) for at in combinations)
        same = frozenset(frozenset(column.items()) for column in columns)
        blocks.setdefault(same, Block(across, columns, snn))  # two grids may have been made alike
    shown = blocks.values()
    asked = tuple(_asked_for(shown, planned) if planned.left_out else shown)
    return Pivot((*shared, *added), asked, snn)


def _asked_for(blocks: Collection[Block], planned: PlannedExhibit) -> Iterator[Block]:
    """The columns in which a point stands that was asked for: at all of their levels; one that
    lacks some, as the time steps of an ANN, has columns of its own only where it has none of these.
    """
    asked = [{name: level_text(at) for name, at in p.axes.items()} for p in planned.points]
    full = [
        column
        for block in blocks
        for column in block.columns
        if any(column.items() <= point.items() for point in asked)
    ]
    alone = [point for point in asked if not any(agrees(point, column) for column in full)]
    for block in blocks:
        columns = tuple(
            column
            for column in block.columns
            if column in full or any(agrees(point, column) for point in alone)
        )
        if columns:
            yield replace(block, columns=columns)


def _held(grid: Mapping[str, Sequence[str]], planned: PlannedExhibit) -> dict[str, str]:
    """The levels at which a grid leaves the axes of the others: those that all its points share,
    but for points that have no such axis, as an ANN has no time steps.
    """
    points = [
        {name: level_text(value) for name, value in point.axes.items()}
        for point in (*planned.points, *planned.left_out)
    ]
    found = {}
    wanted = set(itertools.product(*grid.values()))
    for name in (name for name in planned.exhibit.varied() if name not in grid):
        seen: dict[str, set[tuple[str, ...]]] = {}
        for point in points:
            seen.setdefault(point[name], set()).add(tuple(point[axis] for axis in grid))
        without = seen.pop("", set())
        everywhere = [level for level, at in seen.items() if wanted <= at | without]
        found[name] = everywhere[0] if everywhere and not wanted <= without else ""
    return found


def spread(layout: Pivot, cells: Sequence[Levels]) -> Pivot:
    """The layout for these cells: where the grids give a single column, the last axis that tells
    most of the cells apart stands across instead of down.
    """
    if len(layout.columns()) > 1:
        return layout
    held = dict(layout.columns()[0]) if layout.blocks else {}
    for name in reversed(layout.rows):
        named = [at[name] for at in cells if at[name]]
        levels = tuple(dict.fromkeys(named))
        if 1 < len(levels) <= WIDEST and 2 * len(named) > len(cells):
            rest = tuple(other for other in layout.rows if other != name)
            columns = tuple(held | {name: one} for one in levels)
            return replace(layout, rows=rest, blocks=(Block((name,), columns, layout.snn),))
    return layout
