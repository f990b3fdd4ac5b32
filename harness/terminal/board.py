"""What a user sees while nodes run: a live table on a terminal, plain lines anywhere else."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from harness.execute.events import Advanced, Event, Failed, Finished, Retried, Started, Waiting
from harness.execute.executor import Queue, Tell
from harness.plan.node import Node
from harness.runs.place import Progress
from harness.terminal.output import Voice, is_screen, table
from harness.words import duration

QUIET_S = 20.0  # between two plain lines about the same node


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
    """Plain lines: starts, ends, failures, and where a long run is, at most every `quiet_s`; or
    those of one kind of event alone.
    """

    def __init__(
        self, board: Board, console: Console, quiet_s: float = QUIET_S, only: type[Any] = object
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
                style = "red" if isinstance(event, Failed) else ""
                self.live.console.print(Text(self.board.line(event), style=style))
        self.live.update(self._drawn())

    def _drawn(self) -> Group:
        rows = []
        for key, (since, progress) in self.board.running.items():
            told = _told(progress) if progress else "starting"
            spent = duration(time.monotonic() - since)
            rows.append((self.board.nodes[key].label, told, _rate(progress), spent))
        names = ("running", "progress", "images/s", "for")
        done = f"{self.board.settled}/{self.board.total} nodes, {self.board.eta()}"
        return Group(table(names, rows, names[2:]), Text(done, style="bold"))


@contextmanager
def screen_for(board: Board, console: Console, voice: Voice = Voice.PLAIN) -> Iterator[Tell]:
    """What events are told to: live on a terminal, plain when piped or under CI; every epoch has a
    line if that is wanted.
    """
    if voice is Voice.QUIET:
        yield Lines(board, console, only=Failed)
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
    note = f", {progress.note}" if progress.note else ""
    return f"{progress.unit} {progress.done}/{progress.of}{note}"
