"""In which order nodes run: the longest path first, each after those that it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from graphlib import TopologicalSorter

from harness.plan.node import Node


def paths(nodes: Sequence[Node], seconds: Mapping[str, float]) -> dict[str, float]:
    """Seconds of each node and of the longest chain that waits for it: what goes first.

    Inputs that are not among the nodes are there already.
    """
    longest: dict[str, float] = {}
    graph = _needs(nodes)
    waiting = dict.fromkeys(graph, 0.0)  # the longest of those that need the node
    for key in reversed(list(TopologicalSorter(graph).static_order())):
        longest[key] = seconds.get(key, 0.0) + waiting[key]
        waiting |= {need: max(waiting[need], longest[key]) for need in graph[key]}
    return longest


def waves(nodes: Sequence[Node], seconds: Mapping[str, float]) -> list[list[Node]]:
    """The nodes in groups, each of which needs only those before it; the longest first in each."""
    longest = paths(nodes, seconds)
    sorter, found = TopologicalSorter(_needs(nodes)), []
    sorter.prepare()
    while ready := set(sorter.get_ready()):
        found.append(sorted((n for n in nodes if n.key in ready), key=lambda n: -longest[n.key]))
        sorter.done(*ready)
    return found


def _needs(nodes: Sequence[Node]) -> dict[str, set[str]]:
    keys = {node.key for node in nodes}
    return {node.key: keys.intersection(node.inputs.values()) - {node.key} for node in nodes}
