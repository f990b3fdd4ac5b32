"""Which node next: longest first among those whose inputs are there. Pure bookkeeping."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping

from harness.plan.node import Node
from harness.plan.schedule import paths


class Queue:
    """The nodes to run, and what became of them.

    The node goes first that, with the longest chain that waits for it, takes longest: so the last
    worker does not start the dearest node when the others are done.
    """

    def __init__(
        self, nodes: Iterable[Node], stored: set[str], seconds: Mapping[str, float]
    ) -> None:
        self.nodes = {node.key: node for node in nodes if node.key not in stored}
        self.seconds = dict(seconds)
        self.running: set[str] = set()
        self.done: set[str] = set()
        self.lost: dict[str, str] = {}  # key → the failed node that it was lost to
        self._open = dict(self.nodes)
        self._paths = paths(list(self.nodes.values()), self.seconds)

    def next(self) -> Node | None:
        """The node to start now, or None while none is ready."""
        ready = [node for node in self._open.values() if self._is_ready(node)]
        if not ready:
            return None
        node = max(ready, key=lambda one: self._paths[one.key])
        del self._open[node.key]
        self.running.add(node.key)
        return node

    def finish(self, key: str) -> None:
        """The node is in the store."""
        self.running.discard(key)
        self.done.add(key)

    def fail(self, key: str) -> list[Node]:
        """The node failed: those that need it, directly or not, will never be ready."""
        self.running.discard(key)
        self.lost[key] = key
        fell: list[Node] = []
        waiting = list(self._open.values())
        while lost := [n for n in waiting if self._lost_input(n) and n.key not in self.lost]:
            for node in lost:
                self.lost[node.key] = key
                self._open.pop(node.key, None)
                fell.append(node)
        return fell

    @property
    def is_over(self) -> bool:
        return not self._open and not self.running

    def remaining_s(self, slots: int) -> float:
        """Seconds until the end if the estimates hold and `slots` nodes run side by side."""
        lanes = [0.0] * max(1, slots)
        left = sorted(
            (self.seconds.get(key, 0.0) for key in (*self._open, *self.running)), reverse=True
        )
        for seconds in left:
            heapq.heappush(lanes, heapq.heappop(lanes) + seconds)
        return max(lanes)

    def _is_ready(self, node: Node) -> bool:
        waiting = self._open.keys() | self.running
        return not any(key in waiting or key in self.lost for key in node.inputs.values())

    def _lost_input(self, node: Node) -> bool:
        return any(key in self.lost for key in node.inputs.values())
