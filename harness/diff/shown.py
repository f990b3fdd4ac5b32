"""A difference as headed tables: on the terminal, as Markdown, and as JSON values."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from rich.console import Console, RenderableType
from rich.text import Text

from harness.diff.compare import Cell, Change, Difference, Number
from harness.words import Section, as_code, counted, escaped, fence_of, markdown_table

MOST = 20  # numbers of one exhibit that are told one by one
LONG = 72  # letters of a value
FEW = 5  # exhibits of one side alone that a sentence names
ROOM = 60_000  # bytes of a comment; GitHub takes 65,536 characters
_DECIMAL = re.compile(r"-?\d+\.\d{7,}(e[+-]?\d+)?", re.ASCII)  # no version is so long

Tabled = Callable[[tuple[str, ...], tuple[tuple[str, ...], ...]], RenderableType]


def summary(found: Difference) -> str:
    """`28 exhibits in both: 3 numbers, 1 verdict differ; 812 numbers are the same`."""
    parts = {"number": found.numbers, "claim": found.claims, "verdict": found.verdicts}
    differ = ", ".join(counted(len(those), noun) for noun, those in parts.items())
    said = f"{counted(len(found.common), 'exhibit')} in both: {differ} differ"
    said += f"; {counted(found.same, 'number')} the same"
    if found.statuses:
        said += f", {len(found.statuses)} of them with another status"
    if found.standards:
        said += f"; held against something else in {counted(len(found.standards), 'place')}"
    for name, alone in (("A", found.only_before), ("B", found.only_after)):
        named = ", ".join(alone[:FEW]) + (f" and {len(alone) - FEW} more" if alone[FEW:] else "")
        said += f"; only in {name}: {named}" if alone else ""
    return said


def sections(found: Difference) -> Iterator[Section]:
    """The tables that are not empty, verdicts first, then numbers, then what explains them."""
    for name, alone in (("A", found.only_before), ("B", found.only_after)):
        if alone[FEW:]:
            yield Section(f"Only in {name}", ("exhibit",), tuple((one,) for one in alone))
    if found.verdicts:
        verdicts = ((one.name, one.before, one.after) for one in found.verdicts)
        yield Section("Verdicts", ("exhibit", "A", "B"), tuple(verdicts))
    if found.claims:
        claims = ((one.exhibits[0], one.name, one.before, one.after) for one in found.claims)
        yield Section("Claims", ("exhibit", "claim", "A", "B"), tuple(claims))
    if found.numbers:
        yield _numbers(found.numbers, found.unexplained)
    if found.statuses:
        yield replace(_numbers(found.statuses, ()), title="Statuses of the same numbers")
    if found.standards:
        count, more = len(found.common), len(found.standards) - MOST
        held = changes("What they are held against", "what", found.standards[:MOST], count)
        yield replace(held, note=f"Left out here, in --json: {more} more." if more > 0 else "")
    if found.settings:
        yield changes("Settings of runs", "setting", found.settings, len(found.common))
    for name, lines in found.specs.items():
        yield Section(f"Spec of {name}", (), (), code=lines)
    if found.environment:
        yield changes("Environment", "what", found.environment, len(found.common))


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
    if not one.before or not one.after or one.before.status != one.after.status:
        cells = ((a, one.before), (b, one.after))
        a, b = (f"{said} ({cell.status})" if cell else said for said, cell in cells)
    return (one.exhibit, one.quantity, one.levels, a, b, off)


def _shown(cell: Cell | None) -> str:
    if cell is None:
        return "absent"
    if cell.value is None:
        return _short(cell.text) or "undefined"
    return f"{cell.value:.6g} {cell.unit}".rstrip()


def changes(
    title: str,
    column: str,
    changes: Iterable[Change],
    common: int,
    sides: tuple[str, str] = ("A", "B"),
) -> Section:
    rows = []
    for one in changes:
        where = "all" if len(one.exhibits) == common else _short(", ".join(one.exhibits))
        a, b = (_short(said) or "none" for said in _told(one.before, one.after))
        rows.append((one.name, a, b, where))
    return Section(title, (column, *sides, "in"), tuple(rows))


def _told(*values: str) -> tuple[str, ...]:
    """Long decimal numbers with six digits, as long as these tell them apart."""
    told = tuple(f"{float(v):.6g}" if _DECIMAL.fullmatch(v) else v for v in values)
    return told if len({*told}) == len({*values}) else values


def _short(text: str) -> str:
    return text if len(text) <= LONG else text[: LONG - 1] + "…"


@dataclass(frozen=True)
class Told:
    """What is shown of a difference: A and B, each with its folder and what that holds, the tables,
    and all in a line.
    """

    sides: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    summary: str
    differs: bool


def told(found: Difference) -> Told:
    """The difference of two results."""
    sides = tuple(
        (one.folder, f"{one.profile}, {counted(len(one.exhibits), 'exhibit')}")
        for one in (found.before, found.after)
    )
    return Told(sides, tuple(sections(found)), summary(found), found.differs)


def print_text(found: Told, console: Console, table: Tabled) -> None:
    """Headed tables, drawn by `table`; the summary last, where a terminal leaves the eye."""
    for name, (folder, holds) in zip("AB", found.sides, strict=True):
        console.print(Text(f"{name}  {folder}  ({holds})"))
    for section in found.sections:
        console.print()
        console.print(Text(section.title, style="bold"))
        if section.rows:
            console.print(table(section.columns, section.rows))
        for line in section.code:
            style = {"+": "green", "-": "red"}.get(line[:1], "")
            console.print(Text(line, style=style), soft_wrap=True)
        if section.note:
            console.print(Text(section.note, style="dim"))
    console.print()
    console.print(Text(found.summary))


def markdown(found: Told) -> str:
    """For a comment on a pull request: the first line says it, and each table is folded. What would
    be longer than `ROOM` is cut, and its rows are counted.
    """
    verdict = "Different" if found.differs else "No difference"
    lines = [f"**{verdict}.** {escaped(found.summary)}", ""]
    for name, (folder, holds) in zip("AB", found.sides, strict=True):
        lines.append(f"- {name}: {as_code(folder)}, {escaped(holds)}")
    room = ROOM - len("".join(lines).encode())
    for section in found.sections:
        block = _folded(section, len(section.rows), len(section.code))
        rows, code = len(section.rows), len(section.code)
        while len(block.encode()) > room and rows + code:
            rows, code = rows // 2, code // 2
            block = _folded(section, rows, code)
        lines += block.splitlines()
        room -= len(block.encode())
    return "\n".join(lines) + "\n"


def _folded(section: Section, rows: int, code: int) -> str:
    """A section behind its title, with so many of its rows or lines of code."""
    more = len(section.rows) - rows + len(section.code) - code
    count = counted(len(section.rows), "row") if section.rows else "lines"
    lines = ["", "<details>", f"<summary>{_plain(section.title)} ({count})</summary>", ""]
    if section.code:
        fence = fence_of(section.code, 3)
        lines += [f"{fence}diff", *section.code[:code], fence]
    else:
        lines += markdown_table(section.columns, section.rows[:rows])
    lines += ["", escaped(section.note)] if section.note else []
    lines += ["", f"Cut here, in --json: {more:,} more."] if more else []
    return "\n".join([*lines, "", "</details>"])


def _plain(title: str) -> str:
    """A title inside of a tag, where Markdown is not read."""
    return html.escape(" ".join(title.split()))


def record(found: Difference) -> dict[str, Any]:
    """Everything, with nothing left out."""
    return {
        "differs": found.differs,
        "A": {"folder": found.before.folder, "profile": found.before.profile},
        "B": {"folder": found.after.folder, "profile": found.after.profile},
        "only_in_A": list(found.only_before),
        "only_in_B": list(found.only_after),
        "in_both": list(found.common),
        "verdicts": list(map(asdict, found.verdicts)),
        "claims": list(map(asdict, found.claims)),
        "numbers": [asdict(one) | {"difference": one.difference} for one in found.numbers],
        "numbers_the_same": found.same,
        "statuses": list(map(asdict, found.statuses)),
        "standards": list(map(asdict, found.standards)),
        "unexplained": list(found.unexplained),
        "settings": list(map(asdict, found.settings)),
        "specs": {name: list(lines) for name, lines in found.specs.items()},
        "environment": list(map(asdict, found.environment)),
    }
