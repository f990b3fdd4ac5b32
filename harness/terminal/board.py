"""What a user sees while nodes run: a live table on a terminal, plain lines anywhere else."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from harness.execute.events import (
    Advanced,
    Event,
    Failed,
    Finished,
    Retried,
    Started,
    Strayed,
    Waiting,
)
from harness.execute.executor import Queue, Tell
from harness.execute.outlook import Outlook
from harness.plan.node import Node
from harness.runs.place import Progress
from harness.terminal.output import Voice, is_screen
from harness.words import duration

QUIET_S = 20.0  # between two plain lines about the same node
LOOK_S = 1.0  # between two looks at what is left, which go through all nodes
NAME = 24  # letters of a node's name that stay before anything else is left out
TAIL = 6  # of them at its end: `seed 0`
GAP = 2  # between two columns


class Row(NamedTuple):
    """A running node on one line."""

    name: str
    step: str
    note: str
    rate: str
    spent: str
    left: str


STYLES = {Failed: "red", Strayed: "yellow"}
LEAST = ("rate", "spent", "note", "left")
"""What a narrow screen leaves out, the first first."""


class Board:
    """What is known of the nodes of one execution; both screens are drawn from it."""

    def __init__(
        self, nodes: Mapping[str, Node], queue: Queue, slots: int, measured: Collection[str] = ()
    ) -> None:
        self.nodes = nodes
        self.queue = queue
        self.total = len(queue.nodes)
        self.began = time.monotonic()
        self.outlook = Outlook(queue, slots, measured)
        self.running: dict[str, tuple[float, Progress | None]] = {}
        self.settled = 0
        self._left, self._looked = 0.0, -math.inf  # what was left at the last look, and when
        self._told: dict[str, str] = {}  # problem → the first node that failed by it

    def tell(self, event: Event) -> None:
        """Take an event into account."""
        now = time.monotonic()
        self.outlook.tell(event, now)
        if isinstance(event, Started):
            self.running[event.key] = (now, None)
        elif isinstance(event, Advanced):
            since = self.running.get(event.key, (now, None))[0]
            self.running[event.key] = (since, event.progress)
        elif isinstance(event, Retried):
            self.running.pop(event.key, None)
        elif isinstance(event, Finished | Failed):
            self.running.pop(event.key, None)
            self.settled += 1
            self._looked = -math.inf

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
        """When the rest is done."""
        now = time.monotonic()
        if self.queue.is_over:
            return f"{duration(now - self.began)} in all"
        if now - self._looked >= LOOK_S:
            self._left, self._looked = self.outlook.left_s(now), now
        return f"about {duration(max(self._left - (now - self._looked), 1.0))} left"

    def rows(self) -> list[Row]:
        """What each running node is doing."""
        now = time.monotonic()
        left = self.outlook.each_left_s(now)
        return [
            Row(
                self.nodes[key].label,
                _step(progress) if progress else "starting",
                progress.note if progress else "",
                f"{rate} images/s" if (rate := _rate(progress)) else "",
                f"for {duration(now - since)}",
                f"{duration(left[key])} left" if left.get(key) else "",
            )
            for key, (since, progress) in self.running.items()
        ]


def sentence(event: Event) -> str:
    """What happened to a node, without its name."""
    if isinstance(event, Started):
        return "started" + (f", taken up again ({event.resumed})" if event.resumed else "")
    if isinstance(event, Advanced):
        rate = _rate(event.progress)
        return _told(event.progress) + (f", {rate} images/s" if rate else "")
    if isinstance(event, Strayed):
        return f"WARNING: {event.problem}"
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
    """Plain lines: starts, ends, failures, and where a long run is, at most every `quiet_s`; or
    those of some kinds of event alone.
    """

    def __init__(
        self, board: Board, console: Console, quiet_s: float = QUIET_S, only: Any = object
    ) -> None:
        self.board = board
        self.console = console
        self.quiet_s = quiet_s
        self.only = only
        self._last: dict[str, float] = {}

    def __call__(self, event: Event | None) -> None:
        if event is None:
            return
        self.board.tell(event)
        if not isinstance(event, self.only):
            return
        if isinstance(event, Advanced):
            now = time.monotonic()
            since = self.board.running[event.key][0]  # its start, until a line was printed
            if now - self._last.get(event.key, since) < self.quiet_s:
                return
            self._last[event.key] = now
        self.console.print(Text(self.board.line(event)), soft_wrap=True)


class LiveTable:
    """A live table of the running nodes under the lines of those that ended."""

    def __init__(self, board: Board, live: Live) -> None:
        self.board = board
        self.live = live

    def __call__(self, event: Event | None) -> None:
        if event is not None:
            self.board.tell(event)
            if not isinstance(event, Started | Advanced):
                style = STYLES.get(type(event), "")
                self.live.console.print(Text(self.board.line(event), style=style))
        self.live.update(self._drawn())

    def _drawn(self) -> Group:
        done = f"{self.board.settled}/{self.board.total} nodes, {self.board.eta()}"
        lines = fitted(self.board.rows(), self.live.console.width)
        return Group(*map(Text, lines), Text(done, style="bold"))


def fitted(rows: Sequence[Row], width: int) -> list[str]:
    """A line for each node that a screen of this width holds."""
    if not rows:
        return []
    names = list(Row._fields)
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    widest = {name: max(map(cell_len, cells)) for name, cells in columns.items()}

    def others() -> int:
        return sum(GAP + wide for name in names[1:] if (wide := widest[name]))

    for name in LEAST:
        if min(widest["name"], NAME) + others() > width:
            names.remove(name)
    widest["name"] = min(widest["name"], max(NAME // 2, width - others()))
    lines = []
    for row in rows:
        said = row._replace(name=_cut(row.name, widest["name"]))
        cells = [set_cell_size(getattr(said, name), widest[name]) for name in names]
        lines.append((" " * GAP).join(cell for cell in cells if cell).rstrip())
    return lines


def _cut(name: str, width: int) -> str:
    """The name without its middle where it is too long: its end has the seed."""
    if len(name) <= width:
        return name
    return f"{name[: width - TAIL - 1]}…{name[-TAIL:]}"


@contextmanager
def screen_for(board: Board, console: Console, voice: Voice = Voice.PLAIN) -> Iterator[Tell]:
    """What events are told to: live on a terminal, plain when piped or under CI; every epoch has a
    line if that is wanted.
    """
    if voice is Voice.QUIET:
        yield Lines(board, console, only=Failed | Strayed)
    elif voice is Voice.VERBOSE:
        yield Lines(board, console, quiet_s=0)
    elif is_screen(console) and console.is_interactive and not os.environ.get("CI"):
        with Live(console=console, refresh_per_second=4, transient=True) as live:
            yield LiveTable(board, live)
    else:
        yield Lines(board, console)


def _rate(progress: Progress | None) -> str:
    """Images a second, nothing where a run does not count them."""
    per_second = progress.images_per_second if progress else 0.0
    return f"{per_second:,.0f}" if per_second else ""


def _told(progress: Progress) -> str:
    return _step(progress) + (f", {progress.note}" if progress.note else "")


def _step(progress: Progress) -> str:
    return f"{progress.unit} {progress.done}/{progress.of}"
