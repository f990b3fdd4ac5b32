"""The layout of a table, from the grids that made it: rows by what all grids vary, columns by the
rest.

Table 1 has two grids, neuron × depth and neuron × width: its rows are neurons, its columns depths,
then widths. A single grid puts its last axis across.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.check.golden import level_text
from harness.plan.expand import PlannedExhibit
from harness.report import wording

Levels = Mapping[str, str]
WIDEST = 8  # columns of an axis that a measure adds


@dataclass(frozen=True)
class Block:
    """Columns that one grid gives: the axes across, and the levels that hold for each column."""

    axes: tuple[str, ...]
    columns: tuple[Levels, ...]

    @property
    def title(self) -> str:
        return " × ".join(wording.axis(name) for name in self.axes)

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(
            ", ".join(wording.level(name, column[name]) for name in self.axes)
            for column in self.columns
        )


@dataclass(frozen=True)
class Pivot:
    """Index columns down the side, and the blocks of columns."""

    rows: tuple[str, ...]
    blocks: tuple[Block, ...]

    def columns(self) -> tuple[Levels, ...]:
        """The levels of every column, left to right."""
        return tuple(column for block in self.blocks for column in block.columns)

    def places(self, levels: Levels) -> tuple[int, ...]:
        """The columns that a cell with these levels stands in."""
        return tuple(place for place, column in enumerate(self.columns()) if agrees(levels, column))

    def row_of(self, levels: Levels) -> tuple[str, ...]:
        """Which row a cell with these levels belongs to."""
        return tuple(levels[name] for name in self.rows)


def agrees(levels: Levels, column: Levels) -> bool:
    """Whether a cell stands in a column; an axis that it has not, as the time steps of an ANN,
    keeps it from none.
    """
    return all(levels[name] in ("", level) for name, level in column.items())


def pivot(planned: PlannedExhibit, index: Sequence[str]) -> Pivot:
    """The layout of an exhibit whose cells have this index."""
    grids = [_text_axes(grid.axes()) for grid in planned.exhibit.grid]
    varied = planned.exhibit.varied()
    shared = tuple(name for name in varied if all(name in grid for grid in grids))
    if any(set(grid) <= set(shared) for grid in grids):
        shared = shared[:-1]
    added = tuple(name for name in index if name not in varied)
    blocks: dict[frozenset[object], Block] = {}
    for grid in grids:
        block = Block(axes=_across(grid, shared), columns=_columns(grid, shared, planned))
        same = frozenset(frozenset(column.items()) for column in block.columns)
        blocks.setdefault(same, block)  # --set depth=20 --set width=1 makes two grids alike
    return Pivot((*shared, *added), tuple(blocks.values()))


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
            rows = tuple(other for other in layout.rows if other != name)
            return Pivot(rows, (Block((name,), tuple(held | {name: one} for one in levels)),))
    return layout


def _text_axes(axes: Mapping[str, Sequence[object]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(map(level_text, values)) for name, values in axes.items() if name != "seed"}


def _across(grid: Mapping[str, object], shared: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in grid if name not in shared)


def _columns(
    grid: Mapping[str, Sequence[str]], shared: Sequence[str], planned: PlannedExhibit
) -> tuple[Levels, ...]:
    across = _across(grid, shared)
    held = _held(grid, planned)
    combinations = itertools.product(*(grid[name] for name in across))
    return tuple(held | dict(zip(across, values, strict=True)) for values in combinations)


def _held(grid: Mapping[str, Sequence[str]], planned: PlannedExhibit) -> dict[str, str]:
    """The levels at which a grid leaves the axes of the others: those that all its points share,
    but for points that have no such axis, as an ANN has no time steps.
    """
    points = [
        {name: level_text(value) for name, value in point.axes.items()} for point in planned.points
    ]
    found = {}
    for name in planned.exhibit.varied():
        if name in grid:
            continue
        wanted = set(itertools.product(*grid.values()))
        seen: dict[str, set[tuple[str, ...]]] = {}
        for point in points:
            at = tuple(point[axis] for axis in grid)
            seen.setdefault(point[name], set()).add(at)
        without = seen.pop("", set())
        everywhere = [level for level, at in seen.items() if wanted <= at | without]
        found[name] = everywhere[0] if everywhere and not wanted <= without else ""
    return found
