"""Stored runs by what people call them: labels, and the exhibits that ask for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.errors import HarnessError
from harness.layout import Layout
from harness.plan.expand import Plan, expand
from harness.plan.node import Node, label_of, node_of
from harness.plan.resolve import Setting
from harness.spec.library import read
from harness.store.manifest import Manifest

FEW = 5  # that a line names


@dataclass(frozen=True)
class Asked:
    """A node, and by profile the exhibits that ask for it."""

    node: Node
    exhibits: dict[str, list[str]] = field(default_factory=dict)

    @property
    def by(self) -> str:
        """`table1, fig2 (smoke)`."""
        return "; ".join(f"{some(names)} ({one})" for one, names in self.exhibits.items())


def some(names: Sequence[str]) -> str:
    """The first of many."""
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return ", ".join(names[:FEW]) + more


def asked_for(layout: Layout, names: Sequence[str] = ()) -> dict[str, Asked]:
    """Key → who asks for it: of these exhibits, or of all that can be planned.

    Raises:
        HarnessError: one of the names is no exhibit, or is broken.
    """
    library, files = read(layout), (layout.project, layout.data)
    found: dict[str, Asked] = {}
    for profile in library.profiles.values():
        setting = Setting(library.blocks, profile, files=files)
        for name in library.named(names) if names else tuple(library.exhibits):
            try:
                plan = expand(library, (name,), setting)
            except HarnessError:
                if names:
                    raise
                continue  # its data are not here: what it asks for is told as asked for by nobody
            for key, node in plan.nodes.items():
                found.setdefault(key, Asked(node)).exhibits.setdefault(profile.id, []).append(name)
    return found


def called(run: Manifest, asked: Mapping[str, Asked]) -> str:
    """What people call a run."""
    if run.key in asked:
        return asked[run.key].node.label
    return label_of(run.kind, run.spec, run.key)


def rests_on(key: str, stored: Iterable[Manifest]) -> list[Manifest]:
    """The stored runs that have this one as input."""
    return [one for one in stored if key in one.inputs.values()]


def key_of(typed: str, keys: Collection[str]) -> str:
    """The stored key that begins so.

    Raises:
        HarnessError: none does, or several do.
    """
    word = typed.lower()
    like = sorted(key for key in keys if key.startswith(word)) if word else []
    if len(like) == 1:
        return like[0]
    if not like:
        hint = "harness runs lists what is stored"
        raise HarnessError(
            f"run {typed[:80] or repr('')}", "no stored run's key begins so", hint=hint
        )
    digits = next(n for n in range(8, 65) if len({key[:n] for key in like}) == len(like))
    candidates = some([key[:digits] for key in like])
    raise HarnessError(f"run {typed}", f"{len(like)} stored runs begin so", hint=candidates)


def levels_of(plans: Iterable[Plan]) -> dict[str, list[Mapping[str, object]]]:
    """Key → the levels of the axes, in the words of the grids, of the points that a node is of: a
    training that a measure looks at has those of the point, but for what its side says.
    """
    found: dict[str, list[Mapping[str, object]]] = {}
    exhibits = (one for plan in plans for one in plan.exhibits)
    for point in (point for one in exhibits for point in one.points):
        levels = {**point.levels, "seed": point.seed}
        found.setdefault(point.key, []).append(levels)
        for side, training in zip(point.measure.sides, point.trainings, strict=False):
            own = {name: one for name, one in side if one is not None}
            key = node_of(training, "").key
            found.setdefault(key, []).append({**levels, **own, "seed": training.seed})
    return found
