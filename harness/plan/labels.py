"""What people read of a node, made to mean one node of a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from harness.canonical import fields
from harness.plan.node import Node

SHOWN = 3  # fields; more would hide the node behind its settings


def told_apart(nodes: Mapping[str, Node]) -> dict[str, Node]:
    """The nodes by key; where several have one label, all but the first of them say in which
    fields they depart from it, as the variants of an ablation do.
    """
    first: dict[str, Node] = {}
    found = {}
    for key, node in nodes.items():
        reference = first.setdefault(node.label, node)
        found[key] = node if node is reference else _departing(node, reference)
    return found


def _departing(node: Node, reference: Node) -> Node:
    known = fields(reference.spec)
    said = [
        f"{name} {text}".replace('"', "")
        for name, text in fields(node.spec).items()
        if known.get(name) != text
    ]
    more = ["…"] if len(said) > SHOWN else []
    return replace(node, label=", ".join((node.label, *said[:SHOWN], *more)))
