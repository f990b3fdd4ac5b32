"""When the nodes of a command will be done, by what they have shown so far.

A node that runs is extrapolated from its own epochs or steps. What others are estimated at is
corrected by the ratio of seen to estimated seconds of nodes like them, and the corrected seconds
are put into the order of the executors, so that the end counts workers that have nothing to do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from harness.execute.events import Advanced, Event, Failed, Finished, Retried, Started
from harness.execute.executor import Queue
from harness.execute.forecast import simulate
from harness.plan.course import settings_of
from harness.plan.estimate import device_of
from harness.plan.node import Node

TRUST = 0.05  # of a node: an estimate counts as much as so much of it that was seen
WARM_S = 8.0  # of the first node of a worker: kernels are compiled, data sets are made
Group = tuple[str, ...]
Seen = tuple[float, float]
"""Seconds that were seen, and the share of the node that was done in them."""


@dataclass
class _Run:
    """A node that runs or has run; times in seconds on the clock of whoever tells the events."""

    since: float
    warm_s: float  # of its time until its first report
    step: float  # share between two reports
    first: tuple[float, float] | None = None  # time of the first report, and the share done by then
    last: tuple[float, float] | None = None
    ended: float | None = None

    def report(self, at: float, share: float) -> None:
        self.first = self.first or (at, share)
        self.last = (at, share)

    @property
    def share(self) -> float:
        return self.last[1] if self.last else 0.0

    def seen(self, at: float) -> Iterator[Seen]:
        """What says how fast it is. The time before its first report counts where there is no
        better, since a worker may have to warm up.
        """
        if self.first and self.last and self.last != self.first:
            yield self.last[0] - self.first[0], self.last[1] - self.first[1]
        elif self.ended is not None:
            yield max(self.ended - self.since - self.warm_s, 0.0), 1.0
        elif self.first and self.warm_s == 0 and self.first[1] > 0:
            yield self.first[0] - self.since, self.first[1]

    def waited(self, at: float) -> Seen:
        """What has passed since its last report, and the share that will be done with the next."""
        begun = self.last[0] if self.last else self.since + self.warm_s
        return at - begun, min(self.step, 1.0 - self.share)


class Outlook:
    """The seconds that are left, told event by event with its time, so that it can be replayed.

    `measured` are the nodes whose estimate is the time of an equal one: those are corrected among
    themselves, by what the machine does now, and not by what rooflines are off.
    """

    def __init__(self, queue: Queue, slots: int, measured: Collection[str] = ()) -> None:
        self._queue = queue
        self._slots = slots
        self._groups = {key: _groups(one, key in measured) for key, one in queue.nodes.items()}
        self._runs: dict[str, _Run] = {}  # that run
        self._ended: dict[str, _Run] = {}  # here, to their end
        self._started = 0
        known = [seconds for seconds in queue.seconds.values() if seconds > 0]
        self._typical_s = sum(known) / len(known) if known else 1.0
        self._trust_s = TRUST * self._typical_s

    def tell(self, event: Event, at: float) -> None:
        """Take an event into account."""
        if isinstance(event, Started):
            warm = WARM_S if self._started < self._slots else 0.0
            self._started += 1
            self._runs[event.key] = _Run(at, warm, _step(self._queue.nodes.get(event.key)))
        elif isinstance(event, Advanced) and (run := self._runs.get(event.key)):
            of = max(event.progress.of, 1)
            run.step = 1 / of
            run.report(at, event.progress.done / of)
        elif isinstance(event, Finished | Failed | Retried):
            run = self._runs.pop(event.key, None)
            if isinstance(event, Finished) and event.here and run:
                run.ended = at
                self._ended[event.key] = run

    def left_s(self, at: float) -> float:
        """Seconds from `at` until the last node is done, if nothing fails."""
        queue, corrected = self._queue, self._corrected(at)
        seconds = corrected | self._rests(corrected, at)
        nodes = [queue.nodes[key] for key in seconds]
        placed = simulate(nodes, seconds, self._slots, running=queue.running)
        return max((one.end_s for one in placed), default=0.0)

    def each_left_s(self, at: float) -> dict[str, float]:
        """The same of each node that runs."""
        return self._rests(self._corrected(at), at)

    def _rests(self, corrected: Mapping[str, float], at: float) -> dict[str, float]:
        running = self._runs.keys() & corrected
        return {key: _rest(self._runs[key], corrected[key], at) for key in running}

    def _corrected(self, at: float) -> dict[str, float]:
        """Whole seconds of each node that is not done, by those like it."""
        queue, factors = self._queue, self._factors(at)
        return {
            key: self._estimate(key) * factors[self._groups[key][-1]]
            for key in queue.nodes
            if key not in queue.done and key not in queue.lost
        }

    def _estimate(self, key: str) -> float:
        """That of the plan, or of a typical node where nobody knows."""
        return self._queue.seconds.get(key, 0.0) or self._typical_s

    def _factors(self, at: float) -> dict[Group, float]:
        """Seconds seen by seconds estimated, of each group. What nothing was seen of has the factor
        of the next larger group that it belongs to.
        """
        sums = defaultdict[Group, list[float]](lambda: [0.0, 0.0])

        def add(key: str, seconds: float, expected: float) -> None:
            for group in self._groups[key]:
                sums[group][0] += seconds
                sums[group][1] += expected

        for key, run in (*self._ended.items(), *self._runs.items()):
            for seconds, share in run.seen(at):
                add(key, seconds, share * self._estimate(key))
        found = self._ratios(sums)
        for key, run in self._runs.items():  # what is late says that it is slower, and how much
            seconds, share = run.waited(at)
            expected = share * self._estimate(key)
            if seconds > expected * found.get(self._groups[key][-1], 1.0):
                add(key, seconds, expected)
        return self._ratios(sums)

    def _ratios(self, sums: Mapping[Group, list[float]]) -> dict[Group, float]:
        found: dict[Group, float] = {}
        for groups in self._groups.values():
            factor = 1.0
            for group in groups:
                seconds, expected = sums.get(group, (0.0, 0.0))
                factor = (seconds + self._trust_s * factor) / (expected + self._trust_s)
                found[group] = factor
        return found


def _groups(node: Node, is_measured: bool) -> tuple[Group, ...]:
    """From large to small: what is estimated alike, its kind, and what differs in seeds alone."""
    alike = (device_of(node.spec), "measured" if is_measured else "counted")
    return alike, (*alike, node.kind), (*alike, node.kind, settings_of(node.spec))


def _step(node: Node | None) -> float:
    """The share of a node between two reports, as far as that is known before."""
    epochs = node.spec.get("recipe", {}).get("epochs", 1) if node else 1
    return 1 / max(int(epochs), 1)


def _rest(run: _Run, whole_s: float, at: float) -> float:
    """Seconds left of a node that takes `whole_s` by its group: its own pace counts by what it has
    done, and it is never nearer to its end than its next report.
    """
    own = whole_s
    for seconds, share in run.seen(at):
        own = (seconds + TRUST * whole_s) / (share + TRUST)
    waited, _ = run.waited(at)
    return max((1 - run.share) * own - waited, (1 - run.share - run.step) * own, 0.0)
