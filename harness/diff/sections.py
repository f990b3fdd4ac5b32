"""A difference as headed tables of text: what the terminal and Markdown both print."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from harness.diff.compare import Change, Difference, Number
from harness.diff.results import Cell

MOST = 20  # numbers of one exhibit that are told one by one
LONG = 72  # letters of a value


@dataclass(frozen=True)
class Section:
    """A heading, a table, and what was left out of it."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    code: tuple[str, ...] = ()  # lines to be shown as they are


def summary(found: Difference) -> str:
    """`28 exhibits in both: 3 numbers, 1 verdict differ; 812 numbers are the same`."""
    parts = [
        _counted(len(found.numbers), "number"),
        _counted(len(found.claims), "claim"),
        _counted(len(found.verdicts), "verdict"),
    ]
    said = f"{_counted(len(found.common), 'exhibit')} in both: {', '.join(parts)} differ"
    said += f"; {_counted(found.same, 'number')} the same"
    for name, alone in (("A", found.only_before), ("B", found.only_after)):
        said += f"; only in {name}: {', '.join(alone)}" if alone else ""
    return said


def sections(found: Difference) -> Iterator[Section]:
    """The tables that are not empty, verdicts first, then numbers, then what explains them."""
    if found.verdicts:
        rows = ((one.name, one.before, one.after) for one in found.verdicts)
        yield Section("Verdicts", ("exhibit", "A", "B"), tuple(rows))
    if found.claims:
        rows4 = ((one.exhibits[0], one.name, one.before, one.after) for one in found.claims)
        yield Section("Claims", ("exhibit", "claim", "A", "B"), tuple(rows4))
    if found.numbers:
        yield _numbers(found.numbers, found.unexplained)
    if found.settings:
        yield _changes("Settings of runs", "setting", found.settings, len(found.common))
    for name, lines in found.specs.items():
        yield Section(f"Spec of {name}", (), (), code=lines)
    if found.environment:
        yield _changes("Environment", "what", found.environment, len(found.common))


def _numbers(numbers: Sequence[Number], unexplained: Sequence[str]) -> Section:
    """The largest differences of each exhibit first."""
    rows: list[tuple[str, ...]] = []
    left: list[str] = []
    for exhibit in dict.fromkeys(one.exhibit for one in numbers):
        mine = sorted((one for one in numbers if one.exhibit == exhibit), key=_rank)
        rows += [_row(one) for one in mine[:MOST]]
        left += [f"{len(mine) - MOST} of {exhibit}"] if len(mine) > MOST else []
    columns = ("exhibit", "quantity", "where", "A", "B", "B − A")
    notes = [f"Left out here, in --json: {', '.join(left)}."] if left else []
    if unexplained:
        same = f"The runs of {', '.join(unexplained)} have the same keys in A and B"
        notes.append(f"{same}: they do not repeat, or a change of code raised no revision.")
    return Section("Numbers", columns, tuple(rows), " ".join(notes))


def _rank(one: Number) -> float:
    return -abs(one.difference) if one.difference is not None else float("-inf")


def _row(one: Number) -> tuple[str, ...]:
    off = "" if one.difference is None else f"{one.difference:+.4g}".replace("-", "−")
    a, b = _shown(one.before), _shown(one.after)
    if one.before and one.after and one.before.status != one.after.status:
        a, b = f"{a} ({one.before.status})", f"{b} ({one.after.status})"
    return (one.exhibit, one.quantity, one.levels, a, b, off)


def _shown(cell: Cell | None) -> str:
    if cell is None:
        return "absent"
    if cell.value is None:
        return _short(cell.text) or "undefined"
    return f"{cell.value:.6g} {cell.unit}".rstrip()


def _changes(title: str, column: str, changes: Iterable[Change], common: int) -> Section:
    rows = tuple(
        (
            one.name,
            _short(one.before) or "none",
            _short(one.after) or "none",
            "all" if len(one.exhibits) == common else _short(", ".join(one.exhibits)),
        )
        for one in changes
    )
    return Section(title, (column, "A", "B", "in"), rows)


def _short(text: str) -> str:
    return text if len(text) <= LONG else text[: LONG - 1] + "…"


def _counted(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"
