"""Lines, tables and JSON on standard output, and how much of them a user wants."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from harness.errors import visible
from harness.terminal.streams import reader_left, takes_unicode

PADDING = 2  # between two columns
LONG = 24  # letters; a longer word, such as a path, may be broken


class Voice(Enum):
    """How much a command says: `say` for what it found, `tell` for what it does, `detail`."""

    QUIET = "findings and failures"
    PLAIN = "what is being done, too"
    VERBOSE = "and every step of it"

    def say(self, text: str, style: str = "") -> None:
        """A line that every user wants: a verdict, a fault."""
        say(text, style)

    def tell(self, text: str) -> None:
        """A line about the work, which --quiet leaves out."""
        if self is not Voice.QUIET:
            say(text)

    def detail(self, text: str) -> None:
        """A line that only --verbose shows."""
        if self is Voice.VERBOSE:
            say(text, "dim")


def say(text: str, style: str = "") -> None:
    """One line to the user; nothing in it is markup."""
    console().print(Text(text, style=style), soft_wrap=True)


def warn(text: str) -> None:
    """One line on standard error, however little a command says and whatever it prints."""
    print(visible(text), file=sys.stderr)


class Output(Console):
    """Where everything that is drawn leaves: what of a text would act on the terminal is spelt out,
    whoever wrote it.
    """

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else visible(text), style, control)

    def on_broken_pipe(self) -> None:
        reader_left()


def console() -> Console:
    """As wide as the terminal; wide enough for a table where there is none."""
    plain = Output()
    return plain if is_screen(plain) else Output(width=150)


def is_screen(console: Console) -> bool:
    """Whether somebody looks at it. `is_terminal` is also true for a file that is to be coloured
    (FORCE_COLOR), in which movements of the cursor are rubbish.
    """
    return console.file.isatty()


@dataclass(frozen=True)
class _Rows:
    """A table without lines; on a screen too narrow for its words, a paragraph for each row."""

    names: Sequence[str]
    rows: Sequence[Sequence[Text]]
    numbers: Sequence[str]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        least = [self._least(column) for column in range(len(self.names))]
        if sum(least) + PADDING * len(least) > options.max_width:
            yield from map(self._paragraph, self.rows)
            return
        made = Table(box=None, padding=(0, PADDING, 0, 0), header_style="dim", show_edge=False)
        for name, width in zip(self.names, least, strict=True):
            justify: Literal["left", "right"] = "right" if name in self.numbers else "left"
            whole = name in self.numbers
            made.add_column(name, justify=justify, overflow="fold", no_wrap=whole, min_width=width)
        for row in self.rows:
            made.add_row(*row)
        yield made

    def _least(self, column: int) -> int:
        """Width in which the words of a column, as far as they are not very long, stay whole."""
        cells = [self.names[column], *(row[column].plain for row in self.rows)]
        if self.names[column] in self.numbers:
            return max(map(len, cells))
        words = (len(word) for cell in cells for word in cell.split())
        return max((length for length in words if length <= LONG), default=0)

    def _paragraph(self, row: Sequence[Text]) -> Text:
        heads = 1 if self.names[0] else 2  # a mark without a heading stands before the name
        told = Text("  ").join(row[:heads])
        for name, cell in zip(self.names[heads:], row[heads:], strict=True):
            if cell.plain:
                told.append(f"\n  {name}: ", style="dim").append_text(cell)
        return told


def table(
    names: Sequence[str], rows: Iterable[Sequence[str | Text]], numbers: Sequence[str] = ()
) -> RenderableType:
    """Cells under names, those of `numbers` never broken; nothing in them is markup."""
    cells = [
        [Text(visible(cell)) if isinstance(cell, str) else cell for cell in row] for row in rows
    ]
    return _Rows(names, cells, numbers)


def asked(question: str) -> bool:
    """Whether somebody at a terminal says yes; no where nobody is."""
    if not (sys.stdin and sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    print(f"{visible(question)} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def print_json(value: Any) -> None:
    """Print a value as JSON and nothing else."""
    print_lines(json_text(value, indent=2))


def json_text(value: Any, indent: int | None = None) -> str:
    """A value as JSON that standard output can hold: a reader gets back every character."""
    return json.dumps(value, indent=indent, ensure_ascii=not takes_unicode(), allow_nan=False)


def print_lines(text: str) -> None:
    """Print text, but for what would act on a terminal."""
    try:
        print(visible(text), flush=True)
    except BrokenPipeError:
        reader_left()


def size(count: float) -> str:
    """`812 kB`, `3.1 MB`, in powers of ten."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return ""
