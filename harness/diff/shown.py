"""A difference as headed tables: on the terminal, as Markdown, and as JSON values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from rich.console import Console, RenderableType
from rich.text import Text

from harness.diff.compare import Cell, Change, Difference, Number
from harness.words import counted

MOST = 20  # numbers of one exhibit that are told one by one
LONG = 72  # letters of a value
_DECIMAL = re.compile(r"-?\d+\.\d{7,}(e[+-]?\d+)?", re.ASCII)  # no version is so long

Tabled = Callable[[tuple[str, ...], tuple[tuple[str, ...], ...]], RenderableType]


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
    parts = {"number": found.numbers, "claim": found.claims, "verdict": found.verdicts}
    differ = ", ".join(counted(len(those), noun) for noun, those in parts.items())
    said = f"{counted(len(found.common), 'exhibit')} in both: {differ} differ"
    said += f"; {counted(found.same, 'number')} the same"
    if found.statuses:
        said += f", {len(found.statuses)} of them with another status"
    if found.standards:
        said += f"; held against something else in {counted(len(found.standards), 'place')}"
    for name, alone in (("A", found.only_before), ("B", found.only_after)):
        said += f"; only in {name}: {', '.join(alone)}" if alone else ""
    return said


def sections(found: Difference) -> Iterator[Section]:
    """The tables that are not empty, verdicts first, then numbers, then what explains them."""
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
        held = _changes("What they are held against", "what", found.standards[:MOST], count)
        yield replace(held, note=f"Left out here, in --json: {more} more." if more > 0 else "")
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


def _changes(title: str, column: str, changes: Iterable[Change], common: int) -> Section:
    rows = []
    for one in changes:
        where = "all" if len(one.exhibits) == common else _short(", ".join(one.exhibits))
        a, b = (_short(said) or "none" for said in _told(one.before, one.after))
        rows.append((one.name, a, b, where))
    return Section(title, (column, "A", "B", "in"), tuple(rows))


def _told(*values: str) -> tuple[str, ...]:
    """Long decimal numbers with six digits, as long as these tell them apart."""
    told = tuple(f"{float(v):.6g}" if _DECIMAL.fullmatch(v) else v for v in values)
    return told if len({*told}) == len({*values}) else values


def _short(text: str) -> str:
    return text if len(text) <= LONG else text[: LONG - 1] + "…"


def print_text(found: Difference, console: Console, table: Tabled) -> None:
    """Headed tables, drawn by `table`; the summary last, where a terminal leaves the eye."""
    for name, results in (("A", found.before), ("B", found.after)):
        count = counted(len(results.exhibits), "exhibit")
        console.print(Text(f"{name}  {results.folder}  ({results.profile}, {count})"))
    for section in sections(found):
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
    console.print(Text(summary(found)))


def markdown(found: Difference) -> str:
    """For a pull request: the summary first, then a table for each section."""
    lines = [f"**{_escaped(summary(found))}**", ""]
    for name, results in (("A", found.before), ("B", found.after)):
        folder, profile = _code(results.folder), _escaped(results.profile)
        lines.append(f"- {name}: {folder}, profile {profile}")
    for section in sections(found):
        lines += ["", f"### {_escaped(section.title)}", ""]
        if section.code:
            fence = _fence(section.code, 3)
            lines += [f"{fence}diff", *section.code, fence]
        else:
            rule = ("---",) * len(section.columns)
            for cells in (section.columns, rule, *section.rows):
                lines.append("| " + " | ".join(map(_escaped, cells)) + " |")
        lines += ["", _escaped(section.note)] if section.note else []
    return "\n".join(lines) + "\n"


_CALLS = re.compile(r"[@#]\w|://|www\.", re.IGNORECASE)  # somebody, an issue or a page


def _escaped(text: str) -> str:
    """Text that Markdown leaves as it is, on one line, and in which it makes no links."""
    said = " ".join(text.split())
    return _code(said) if _CALLS.search(said) else re.sub(r"([\\`*_\[\]<>|#~])", r"\\\1", said)


def _code(text: str) -> str:
    """Text as code, which alone nobody looks into for names and addresses."""
    ticks = _fence([text], 1)
    return f"{ticks} {text} {ticks}".replace("|", r"\|")


def _fence(lines: Iterable[str], least: int) -> str:
    """More backticks than there are one after the other in any of the lines."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    return "`" * max(least, 1 + longest)


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
