"""Durations and counts as people read them, alike in a terminal, a page and a diff, and texts in
Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


def duration(seconds: float, *, digits: int = 2) -> str:
    """`4.2 s`, `41 s`, `3 min 05 s`, `2 h 05 min`; with one digit `3 min 5 s`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:0{digits}d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:0{digits}d} min"


def shortened(text: str) -> str:
    """At most 200 characters of a text that somebody else wrote."""
    return text if len(text) <= 200 else f"{text[:200]}…"


def counted(n: int, noun: str) -> str:
    """`1 cell`, `27 cells`."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


@dataclass(frozen=True)
class Section:
    """A heading, a table, and what is to be said beside it."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    code: tuple[str, ...] = ()  # lines to be shown as they are


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table in Markdown."""
    lines = (columns, ("---",) * len(columns), *rows)
    return ["| " + " | ".join(map(escaped, cells)) + " |" for cells in lines]


_CALLS = re.compile(r"[@#]\w|://|www\.", re.IGNORECASE)  # somebody, an issue or a page


def escaped(text: str) -> str:
    """Text that Markdown leaves as it is, on one line, and in which it makes no links."""
    said = " ".join(text.split())
    return as_code(said) if _CALLS.search(said) else re.sub(r"([\\`*_\[\]<>|#~])", r"\\\1", said)


def as_code(text: str) -> str:
    """Text as code, which alone nobody looks into for names and addresses."""
    ticks = fence_of([text], 1)
    return f"{ticks} {text} {ticks}".replace("|", r"\|")


def fence_of(lines: Iterable[str], least: int) -> str:
    """More backticks than there are one after the other in any of the lines."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    return "`" * max(least, 1 + longest)
