"""Why a node would run: which fields set it apart from the nearest stored node of its kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from harness.canonical import fields, is_key, short
from harness.plan.node import Node
from harness.store.manifest import Manifest

ABSENT = "(absent)"
_REVISION = "code revision"  # the space keeps these two apart from the fields of a spec
_INPUT = "input "
_LONGEST = 48  # characters of a value in a sentence


class Cause(Enum):
    """The sentence, less the fields."""

    STORED = "stored"
    BROKEN = "what is stored of it is broken"
    FIRST = "no {kind} run is stored yet"
    REVISION = "the code of {kind} was revised"
    INPUTS = "an input would be made anew"
    SPEC = "the spec differs"


@dataclass(frozen=True)
class Change:
    """A field that differs: its dotted name, and both values as canonical JSON, or ABSENT."""

    field: str
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.field} {_clipped(self.old)} -> {_clipped(self.new)}"


@dataclass(frozen=True)
class Reason:
    """Why a node would run: the stored node with the fewest differing fields, and those."""

    cause: Cause
    kind: str
    nearest: str | None = None
    changes: tuple[Change, ...] = ()

    @property
    def runs(self) -> bool:
        """Whether there is anything to run."""
        return self.cause is not Cause.STORED

    def __str__(self) -> str:
        if self.nearest is None or not self.changes:
            return self.cause.value.format(kind=self.kind)
        return f"{', '.join(map(str, self.changes))} since {short(self.nearest)}"


class Precedents:
    """Stored nodes, flattened once, to be asked about many planned ones.

    Every field is a bit and every pair (field, value) is a bit. Two nodes then differ in
    popcount(fields of either) - popcount(pairs of both) fields.
    """

    def __init__(self, manifests: Iterable[Manifest]) -> None:
        self._bits: dict[object, int] = {}
        self._keys: set[str] = set()
        self._of_kind: dict[str, list[tuple[int, int, Manifest]]] = {}
        newest_first = sorted(manifests, key=lambda item: (item.started, item.key), reverse=True)
        for manifest in newest_first:  # the first of several equally near ones is then the newest
            self._keys.add(manifest.key)
            row = (*self._masks(_flat(manifest)), manifest)
            self._of_kind.setdefault(manifest.kind, []).append(row)

    def why(self, node: Node) -> Reason:
        """The reason why this node would run, or that it is stored."""
        if node.key in self._keys:
            return Reason(Cause.STORED, node.kind, node.key)
        rows = self._of_kind.get(node.kind)
        if not rows:
            return Reason(Cause.FIRST, node.kind)
        wanted = _flat(node)
        fields, pairs = self._masks(wanted)
        distances = [(f | fields).bit_count() - (p & pairs).bit_count() for f, p, _ in rows]
        nearest = rows[distances.index(min(distances))][2]
        changes = tuple(_changes(_flat(nearest), wanted))
        names = {change.field for change in changes}
        anew = all(name.startswith(_INPUT) for name in names)
        cause = Cause.REVISION if _REVISION in names else Cause.INPUTS if anew else Cause.SPEC
        return Reason(cause, node.kind, nearest.key, changes)

    def _masks(self, flat: Mapping[str, str]) -> tuple[int, int]:
        fields = pairs = 0
        for pair in flat.items():
            fields |= 1 << self._bits.setdefault(pair[0], len(self._bits))
            pairs |= 1 << self._bits.setdefault(pair, len(self._bits))
        return fields, pairs


def _changes(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name, ABSENT), new.get(name, ABSENT)
        if before != after:
            yield Change(name, before, after)


def _flat(node: Node | Manifest) -> dict[str, str]:
    """Dotted field -> canonical JSON, beside the code revision and the keys of the inputs."""
    inputs = {f"{_INPUT}{name}": key for name, key in node.inputs.items()}
    return {_REVISION: str(node.revision), **inputs, **fields(node.spec)}


def _clipped(text: str) -> str:
    if is_key(word := text.strip('"')):
        return short(word)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
