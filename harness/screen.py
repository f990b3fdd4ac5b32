"""What a user sees while nodes run: a live table on a terminal, plain lines anywhere else."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import Literal, Protocol

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.table import Table
from rich.text import Text

from harness.errors import visible
from harness.execute.events import Advanced, Event, Failed, Finished, Retried, Started, Waiting
from harness.execute.executor import Queue
from harness.plan.node import Node
from harness.runs.place import Progress
from harness.terminal import reader_left

QUIET_S = 20.0  # between two plain lines about the same node
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


class Screen(Protocol):
    """Something that events are told to; None is the passing of time."""

    def __call__(self, event: Event | None) -> None: ...

    def __enter__(self) -> Screen: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Board:
    """What is known of the nodes of one execution; both screens are drawn from it."""

    def __init__(self, nodes: Mapping[str, Node], queue: Queue, slots: int) -> None:
        self.nodes = nodes
        self.queue = queue
        self.slots = slots
        self.total = len(queue.nodes)
        self.began = time.monotonic()
        self.running: dict[str, tuple[float, Progress | None]] = {}
        self.settled = 0
        self._told: dict[str, str] = {}  # problem → the first node that failed by it

    def tell(self, event: Event) -> None:
        """Take an event into account."""
        if isinstance(event, Started):
            self.running[event.key] = (time.monotonic(), None)
        elif isinstance(event, Advanced):
            since = self.running.get(event.key, (time.monotonic(), None))[0]
            self.running[event.key] = (since, event.progress)
        elif isinstance(event, Retried):
            self.running.pop(event.key, None)
        elif isinstance(event, Finished | Failed):
            self.running.pop(event.key, None)
            self.settled += 1

    def line(self, event: Event) -> str:
        """One sentence about an event; a problem that many nodes have is spelt out once."""
        label = self.nodes[event.key].label
        told = sentence(event)
        if isinstance(event, Advanced | Finished):
            told += f", {self.eta()}"
        if isinstance(event, Failed):
            first = self._told.setdefault(event.problem, label)
            told = told if first == label else f"FAILED as {first} did"
        return f"[{self.settled}/{self.total}] {label}: {told}"

    def eta(self) -> str:
        """When the rest is done: estimates corrected by the nodes that are."""
        spent = time.monotonic() - self.began
        expected = sum(self.queue.seconds.get(key, 0.0) for key in self.queue.done)
        left = self.queue.remaining_s(self.slots)
        for key, (since, _) in self.running.items():
            left -= min(time.monotonic() - since, self.queue.seconds.get(key, 0.0)) / self.slots
        if self.queue.is_over:
            return f"{duration(spent)} in all"
        pace = spent * self.slots / expected if expected > 0 else 1.0
        pace = min(max(pace, 0.2), 5.0)
        return f"about {duration(max(left, 1.0) * pace)} left"


def sentence(event: Event) -> str:
    """What happened to a node, without its name."""
    if isinstance(event, Started):
        return "started" + (f", taken up again ({event.resumed})" if event.resumed else "")
    if isinstance(event, Advanced):
        rate = _rate(event.progress)
        return _told(event.progress) + (f", {rate} images/s" if rate else "")
    if isinstance(event, Waiting):
        return f"{event.holder} runs it, waiting for the result"
    if isinstance(event, Retried):
        return f"{event.problem}; started again, attempt {event.attempt} of {event.of}"
    if isinstance(event, Finished):
        return f"done in {duration(event.wall_s)}" if event.here else "done by another process"
    tail = "".join(f"\n    {row}" for row in event.tail)
    where = f"\n  log: {event.log}{tail}" if event.log else ""
    return f"FAILED: {event.problem}{where}"


class Lines:
    """Plain lines: starts, ends, failures, and where a long run is, at most every `quiet_s`."""

    def __init__(self, board: Board, console: Console, quiet_s: float = QUIET_S) -> None:
        self.board = board
        self.console = console
        self.quiet_s = quiet_s
        self._last: dict[str, float] = {}

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __call__(self, event: Event | None) -> None:
        if event is None:
            return
        self.board.tell(event)
        if isinstance(event, Advanced):
            now = time.monotonic()
            since = self.board.running[event.key][0]  # its start, until a line was printed
            if now - self._last.get(event.key, since) < self.quiet_s:
                return
            self._last[event.key] = now
        self.console.print(Text(self.board.line(event)), soft_wrap=True)


class Failures(Lines):
    """Nothing but what went wrong."""

    def __call__(self, event: Event | None) -> None:
        if isinstance(event, Failed):
            super().__call__(event)
        elif event is not None:
            self.board.tell(event)


class LiveTable:
    """A live table of the running nodes under the lines of those that ended."""

    def __init__(self, board: Board, console: Console) -> None:
        self.board = board
        self.console = console
        self._live = Live(console=console, refresh_per_second=4, transient=True)

    def __enter__(self) -> LiveTable:
        self._live.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.__exit__(None, None, None)

    def __call__(self, event: Event | None) -> None:
        if event is not None:
            self.board.tell(event)
            if not isinstance(event, Started | Advanced):
                style = "red" if isinstance(event, Failed) else ""
                self.console.print(Text(self.board.line(event), style=style))
        self._live.update(self._drawn())

    def _drawn(self) -> Group:
        rows = []
        for key, (since, progress) in self.board.running.items():
            told = _told(progress) if progress else "starting"
            spent = duration(time.monotonic() - since)
            rows.append((self.board.nodes[key].label, told, _rate(progress), spent))
        names = ("running", "progress", "images/s", "for")
        done = f"{self.board.settled}/{self.board.total} nodes, {self.board.eta()}"
        return Group(table(names, rows, names[2:]), Text(done, style="bold"))


def screen_for(board: Board, console: Console, voice: Voice = Voice.PLAIN) -> Screen:
    """Live on a terminal, plain when piped or under CI; every epoch a line if that is wanted."""
    if voice is Voice.QUIET:
        return Failures(board, console)
    if voice is Voice.VERBOSE:
        return Lines(board, console, quiet_s=0)
    live = _is_screen(console) and console.is_interactive and not os.environ.get("CI")
    return LiveTable(board, console) if live else Lines(board, console)


def _rate(progress: Progress | None) -> str:
    """Images a second, nothing where a run does not count them."""
    per_second = progress.images_per_second if progress else 0.0
    return f"{per_second:,.0f}" if per_second else ""


def _told(progress: Progress) -> str:
    note = f", {progress.note}" if progress.note else ""
    return f"{progress.unit} {progress.done}/{progress.of}{note}"


def duration(seconds: float) -> str:
    """`4.2 s`, `3 min 20 s`, `2 h 05 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


class _Output(Console):
    def on_broken_pipe(self) -> None:
        reader_left()


def console() -> Console:
    """As wide as the terminal; wide enough for a table where there is none."""
    plain = _Output()
    return plain if _is_screen(plain) else _Output(width=150)


def _is_screen(console: Console) -> bool:
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


def say(text: str, style: str = "") -> None:
    """One line to the user; nothing in it is markup."""
    console().print(Text(visible(text), style=style), soft_wrap=True)


def size(count: float) -> str:
    """`812 kB`, `3.1 MB`, in powers of ten."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return ""
