"""In which order nodes run, the longest path first and each after those that it needs; and which
of them rest on some trainings alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from graphlib import TopologicalSorter

from harness.errors import HarnessError
from harness.parts.base import suggestion
from harness.plan.node import Node

FEWEST = 8  # digits of a key that stand for it, as plans show them


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


def resting_on(nodes: Mapping[str, Node], trainings: Sequence[str]) -> set[str]:
    """Keys of these trainings, and of what rests on no others; each is named by the first digits of
    its key, or by a pattern of its label: `resnet-20 lif T=4 *`.

    Raises:
        HarnessError: one is no training of these nodes.
    """
    labels = {key: node.label for key, node in nodes.items() if node.kind == "train"}
    found: set[str] = set()
    for said in trainings:
        by_key = {key for key in labels if len(said) >= FEWEST and key.startswith(said)}
        meant = by_key or {key for key, label in labels.items() if fnmatchcase(label, said)}
        if not meant:
            hint = suggestion(said, labels.values()) or "harness plan --verbose shows their labels"
            raise HarnessError(f"--resting-on {said}", "is no training of this plan", hint=hint)
        found |= meant
    for key, node in nodes.items():  # each after those that it needs
        if node.inputs and found.issuperset(node.inputs.values()):
            found.add(key)
    return found


def _needs(nodes: Sequence[Node]) -> dict[str, set[str]]:
    keys = {node.key for node in nodes}
    return {node.key: keys.intersection(node.inputs.values()) - {node.key} for node in nodes}
