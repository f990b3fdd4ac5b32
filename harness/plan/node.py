"""One run to have: its kind, its resolved spec, what it needs, and the key that follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from pydantic import ValidationError

from harness.canonical import flatten, identity_key, is_key, short
from harness.errors import HarnessError
from harness.measures.base import Run, Training
from harness.parts.base import has_others, identity


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

    def require_own_python(self) -> None:
        """Raise HarnessError where what others wrote, as it is imported here, is not what the key
        was made of.
        """
        if has_others(self.spec) and identity(self.full) != self.spec:
            problem = "the Python of its study was changed after this was planned"
            hint = "the same command plans it anew"
            raise HarnessError(f"node {self.key[:8]}", problem, hint=hint)

    def __hash__(self) -> int:
        return hash(self.key)


def node_of(run: Run, label: str, inputs: Mapping[str, str] | None = None) -> Node:
    """The node of a run."""
    return Node.of(run.kind, run.revision, identity(run), dict(inputs or {}), label, run)


def label_of(kind: str, spec: Mapping[str, Any], key: str) -> str:
    """What people call a run of which only the record is known: a training as in a plan, any other
    by its kind and the trainings that it measures. No Python that the record names is imported.
    """
    called = kind.rpartition(":")[2]
    kinds = (kind, *(str(one) for name, one in flatten(spec) if name.endswith("kind")))
    if any(":" in one for one in kinds):
        return f"{called} {short(key)}"
    try:
        run = Run.of(kind, spec)
    except (HarnessError, ValidationError):  # of another time
        return f"{called} {short(key)}"
    if isinstance(run, Training):
        return run.label
    sides = (getattr(run, name, None) for name in ("x", "y"))
    labels = [one.label for one in sides if isinstance(one, Training)]
    return f"{called} of {' and '.join(labels)}" if labels else f"{called} {short(key)}"


def nodes_of(run: Run, label: str) -> tuple[Node, ...]:
    """The nodes of a run, in the order in which they run: the trainings that it has as x and y,
    which it knows by these names, then the run itself.
    """
    sides = {name: getattr(run, name, None) for name in ("x", "y")}
    trained = {
        name: node_of(side, side.label)
        for name, side in sides.items()
        if isinstance(side, Training)
    }
    last = node_of(run, label, {name: node.key for name, node in trained.items()})
    return (*trained.values(), last)
