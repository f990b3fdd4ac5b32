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
from harness.plan.estimate import device_of
from harness.plan.node import Node

TRUST_S = 2.0  # an estimate counts as much as so many estimated seconds that were seen
NOTHING_S = 1e-9  # of an estimate that nobody had
Group = tuple[str, ...]


@dataclass
class _Run:
    """A node that runs; times in seconds on the clock of whoever tells the events."""

    since: float  # its start, or the first report of a run that was taken up again
    skipped: float | None  # share that was done by then; None: not known before a report
    at: float  # its last report
    share: float = 0.0  # done by then
    step: float = 1.0  # share between two reports

    @property
    def seen(self) -> tuple[float, float]:
        """Seconds that were seen, and the share of the node that was done in them."""
        return self.at - self.since, self.share - (self.skipped or 0.0)


class Outlook:
    """The seconds that are left, told event by event with its time, so that it can be replayed.

    `measured` are the nodes whose estimate is the time of an equal one: those are corrected among
    themselves, by what the machine does now, and not by what rooflines are off.
    """

    def __init__(self, queue: Queue, slots: int, measured: Collection[str] = ()) -> None:
        self._queue = queue
        self._slots = slots
        self._groups = {key: _group(one, key in measured) for key, one in queue.nodes.items()}
        self._runs: dict[str, _Run] = {}
        self._ended: dict[str, float] = {}  # seconds of the nodes that ran here to their end

    def tell(self, event: Event, at: float) -> None:
        """Take an event into account."""
        if isinstance(event, Started):
            self._runs[event.key] = _Run(at, None if event.resumed else 0.0, at)
        elif isinstance(event, Advanced) and (run := self._runs.get(event.key)):
            share = event.progress.done / max(event.progress.of, 1)
            if run.skipped is None:
                run.since, run.skipped = at, share
            run.at, run.share, run.step = at, share, 1 / max(event.progress.of, 1)
        elif isinstance(event, Finished | Failed | Retried):
            run = self._runs.pop(event.key, None)
            if isinstance(event, Finished) and event.here and run and run.skipped == 0:
                self._ended[event.key] = at - run.since

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
        return {
            key: _rest(run, corrected[key], at)
            for key, run in self._runs.items()
            if key in corrected
        }

    def _corrected(self, at: float) -> dict[str, float]:
        """Whole seconds of each node that is not done, by those like it."""
        queue, factors = self._queue, self._factors(at)
        return {
            key: self._estimate(key) * factors[self._groups[key]]
            for key in queue.nodes
            if key not in queue.done and key not in queue.lost
        }

    def _estimate(self, key: str) -> float:
        return self._queue.seconds.get(key, 0.0)

    def _factors(self, at: float) -> defaultdict[Group, float]:
        """Seconds seen by seconds estimated, for each group; one of which nothing was seen has that
        of all groups of its device whose estimates rest on the same.
        """
        sums = defaultdict[Group, list[float]](lambda: [0.0, 0.0])
        for key, seconds, expected in self._seen(at):
            group = self._groups[key]
            for level in (group, group[1:]):
                sums[level][0] += seconds
                sums[level][1] += expected
        found = defaultdict[Group, float](lambda: 1.0)
        for group in dict.fromkeys(self._groups.values()):
            factor = 1.0
            for level in (group[1:], group):
                seconds, expected = sums[level]
                factor = (seconds + TRUST_S * factor) / (expected + TRUST_S)
            found[group] = factor
        return found

    def _seen(self, at: float) -> Iterator[tuple[str, float, float]]:
        """Nodes with the seconds that were seen of them, and those that were expected instead."""
        for key, seconds in self._ended.items():
            yield key, seconds, self._estimate(key)
        for key, run in self._runs.items():
            seconds, share = run.seen
            if share > 0:
                yield key, seconds, share * self._estimate(key)
            elif not run.skipped and at - run.since > self._estimate(key):  # at least as much
                yield key, at - run.since, self._estimate(key)


def _rest(run: _Run, whole_s: float, at: float) -> float:
    """Seconds left of a node that takes `whole_s` by its group: its own pace counts by what it has
    done, and it is never nearer to its end than its next report.
    """
    seconds, share = run.seen
    expected = share * whole_s
    own = (seconds + TRUST_S) / (expected + TRUST_S) * whole_s
    if share and expected < NOTHING_S:
        own = seconds / share
    left = (1 - run.share) * own - (at - run.at)
    return max(left, (1 - run.share - run.step) * own, 0.0)


def _group(node: Node, is_measured: bool) -> Group:
    return (node.kind, device_of(node.spec), "measured" if is_measured else "counted")
