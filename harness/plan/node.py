"""One run to have: its kind, its resolved spec, what it needs, and the key that follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from harness.canonical import identity_key, is_key
from harness.errors import HarnessError
from harness.plan.revisions import REVISIONS
from harness.spec.base import Spec, identity


@dataclass(frozen=True)
class Node:
    """A node of the plan. `spec`, in plain JSON values, is what enters the key; `full` is the model
    it was made from, with the presentation fields that a download needs.
    """

    key: str
    kind: str
    revision: int
    spec: Mapping[str, Any]
    inputs: Mapping[str, str]  # name that the run knows it by → key of the node
    label: str = ""
    full: Any = field(default=None, compare=False, repr=False)

    @classmethod
    def of(
        cls,
        kind: str,
        revision: int,
        spec: Mapping[str, Any],
        inputs: Mapping[str, str],
        label: str = "",
        full: Any = None,
    ) -> Self:
        """The node with its key worked out."""
        key = identity_key(kind, revision, spec, inputs)
        return cls(key, kind, revision, spec, inputs, label, full)

    def require_own_key(self) -> None:
        """Raise HarnessError where the key is not that of the content (right name, wrong run)."""
        if not is_key(self.key):
            raise HarnessError(f"node {self.key!r}", "not a key (64 hexadecimal digits)")
        if self.key != identity_key(self.kind, self.revision, self.spec, self.inputs):
            raise HarnessError(
                f"node {self.key}", "the key does not follow from kind, revision, spec and inputs"
            )

    def __hash__(self) -> int:
        return hash(self.key)


def make_node(kind: str, spec: Spec, label: str, inputs: Mapping[str, str] | None = None) -> Node:
    """The node of a resolved spec."""
    return Node.of(kind, REVISIONS[kind], identity(spec), dict(inputs or {}), label, spec)
