"""A difference on the terminal, as Markdown, and as JSON values."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from typing import Any

from rich.console import Console, RenderableType
from rich.text import Text

from harness.diff.compare import Difference, Number
from harness.diff.sections import Section, sections, summary

Tabled = Callable[[tuple[str, ...], tuple[tuple[str, ...], ...]], RenderableType]


def print_text(found: Difference, console: Console, table: Tabled) -> None:
    """Headed tables, drawn by `table`; the summary last, where a terminal leaves the eye."""
    for name, results in (("A", found.before), ("B", found.after)):
        count = len(results.exhibits)
        console.print(Text(f"{name}  {results.folder}  ({results.profile}, {count} exhibits)"))
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
        lines.append(f"- {name}: `{results.folder}`, profile {_escaped(results.profile)}")
    for section in sections(found):
        lines += ["", f"### {_escaped(section.title)}", "", *_tabled(section)]
        lines += ["", _escaped(section.note)] if section.note else []
    return "\n".join(lines) + "\n"


def _tabled(section: Section) -> Iterator[str]:
    if section.code:
        fence = "`" * max(3, 1 + max(len(run) for line in section.code for run in _ticks(line)))
        yield from (f"{fence}diff", *section.code, fence)
        return
    yield _line(section.columns)
    yield _line(tuple("---" for _ in section.columns))
    yield from map(_line, section.rows)


def _ticks(line: str) -> list[str]:
    return re.findall("`+", line) or [""]


def _line(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(map(_escaped, cells)) + " |"


def _escaped(text: str) -> str:
    """Text that Markdown leaves as it is, on one line."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", " ".join(text.split()))


def record(found: Difference) -> dict[str, Any]:
    """Everything, with nothing left out."""
    return {
        "differs": found.differs,
        "A": {"folder": found.before.folder, "profile": found.before.profile},
        "B": {"folder": found.after.folder, "profile": found.after.profile},
        "only_in_A": list(found.only_before),
        "only_in_B": list(found.only_after),
        "in_both": list(found.common),
        "verdicts": list(map(dataclasses.asdict, found.verdicts)),
        "claims": list(map(dataclasses.asdict, found.claims)),
        "numbers": list(map(_number, found.numbers)),
        "numbers_the_same": found.same,
        "unexplained": list(found.unexplained),
        "settings": list(map(dataclasses.asdict, found.settings)),
        "specs": {name: list(lines) for name, lines in found.specs.items()},
        "environment": list(map(dataclasses.asdict, found.environment)),
    }


def _number(one: Number) -> dict[str, Any]:
    return dataclasses.asdict(one) | {"difference": one.difference}
