"""One run to have: its kind, its resolved spec, what it needs, and the key that follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.canonical import identity_key
from harness.parts.base import Spec, identity
from harness.plan.revisions import REVISIONS


@dataclass(frozen=True)
class Node:
    """A node of the plan. `spec` is what enters the key; `full` is the model it was made from."""

    key: str
    kind: str
    revision: int
    spec: Mapping[str, Any]
    inputs: Mapping[str, str]  # name that the run knows it by → key of the node
    label: str
    full: Spec = field(compare=False, repr=False)

    def __hash__(self) -> int:
        return hash(self.key)


def make_node(kind: str, spec: Spec, label: str, inputs: Mapping[str, str] | None = None) -> Node:
    """The node of a resolved spec."""
    said = identity(spec)
    needs = dict(inputs or {})
    revision = REVISIONS[kind]
    key = identity_key(kind, revision, said, needs)
    return Node(key, kind, revision, said, needs, label, spec)
