"""Two stores held against each other: the runs that one has alone, and those that both have with
other numbers or bytes, or made otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.canonical import flatten, short
from harness.check.bits import CLOCK
from harness.diff.compare import Change, together, values_of
from harness.diff.shown import MOST, Told, changes
from harness.layout import reachable
from harness.plan.node import label_of
from harness.store.faults import Fault
from harness.store.manifest import Manifest
from harness.store.store import Store
from harness.store.verify import verify
from harness.words import Section, counted


@dataclass(frozen=True)
class Field:
    """A number, or another value, of a file that a run has otherwise in A and B."""

    run: str
    file: str
    name: str
    before: Any
    after: Any

    @property
    def difference(self) -> float | None:
        """B − A; None where either is no number."""
        both = (self.before, self.after)
        are_numbers = all(isinstance(one, int | float) for one in both)
        return self.after - self.before if are_numbers else None


@dataclass(frozen=True)
class StoreDifference:
    """B against A. `fields` differ in files of JSON; `others` are runs with the names of the other
    files whose bytes differ, and `same` counts the runs that left the same bytes, but for clocks.
    `broken` are files of either that are not the ones published, whatever their record says.
    """

    folders: tuple[str, str]
    sizes: tuple[int, int]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    common: int
    same: int
    broken: tuple[Fault, ...]
    fields: tuple[Field, ...]
    others: Mapping[str, tuple[str, ...]]
    environment: tuple[Change, ...]

    @property
    def differs(self) -> bool:
        """Whether one has a run alone, or other numbers or bytes, or is broken."""
        apart = self.only_before or self.only_after or self.fields or self.others
        return bool(apart or self.broken)


def is_store(folder: Path) -> bool:
    """Whether a folder is a store rather than results."""
    return (reachable(folder, "diff") / "format").is_file()


def compare_stores(a: Path, b: Path, *, within: float = 0.0) -> StoreDifference:
    """The difference of two stores. Numbers up to `within` apart are the same; where that is more
    than 0, so are other bytes of what is no JSON.
    """
    stores = Store(a.expanduser()), Store(b.expanduser())
    broken = [fault for store in stores for fault in verify(store) if not fault.is_information]
    ruined = {fault.key for fault in broken}
    before, after = ({one.key: one for one in store.manifests()} for store in stores)
    common = [key for key in before if key in after and key not in ruined]
    fields: list[Field] = []
    others: dict[str, tuple[str, ...]] = {}
    same = 0
    for key in common:
        found, rest = apart(stores, before[key], after[key], within)
        fields += found
        others |= {told_run(before[key]): rest} if rest and not within else {}
        same += not found and (not rest or within > 0)
    made = [
        (told_run(before[key]), before[key].environment, after[key].environment) for key in common
    ]
    return StoreDifference(
        folders=(str(a), str(b)),
        sizes=(len(before), len(after)),
        only_before=tuple(told_run(one) for key, one in before.items() if key not in after),
        only_after=tuple(told_run(one) for key, one in after.items() if key not in before),
        common=len(common),
        same=same,
        broken=tuple(broken),
        fields=tuple(fields),
        others=others,
        environment=together([(run, values_of([x]), values_of([y])) for run, x, y in made]),
    )


def told_run(run: Manifest) -> str:
    """A run as a table names it: the start of its key, and its label."""
    digits = short(run.key)
    return f"{digits} {label_of(run.kind, run.spec, run.key).removesuffix(digits)}".rstrip()


def apart(
    stores: Sequence[Store], a: Manifest, b: Manifest, within: float = 0.0
) -> tuple[list[Field], tuple[str, ...]]:
    """The fields of JSON in which a run of two stores differs by more than `within`, and the names
    of its other files with other bytes; clocks are no difference.
    """
    names = sorted({*a.files, *b.files} - set(CLOCK))
    files = [name for name in names if a.files.get(name) != b.files.get(name)]
    fields = [one for name in files for one in _fields(stores, a, name, within)]
    return fields, tuple(name for name in files if not name.endswith(".json"))


def _fields(stores: Sequence[Store], run: Manifest, name: str, within: float) -> Iterator[Field]:
    """The fields of a file of JSON that differ."""
    if not name.endswith(".json"):
        return
    before, after = (_content(store, run.key, name) for store in stores)
    for field in dict.fromkeys((*before, *after)):
        one = Field(told_run(run), name, field, before.get(field), after.get(field))
        apart = one.difference
        if one.before != one.after and (apart is None or abs(apart) > within):
            yield one


def _content(store: Store, key: str, name: str) -> dict[str, Any]:
    made = store.get(key)
    if made is None or name not in made.files:
        return {}
    return dict(flatten(dict(json.loads(store.read_bytes(key, name))), exact=True))


def told_of_stores(found: StoreDifference) -> Told:
    """What is shown of it."""
    sides = tuple(
        (folder, counted(runs, "run"))
        for folder, runs in zip(found.folders, found.sizes, strict=True)
    )
    differ = len({one.run for one in found.fields} | found.others.keys())
    said = f"{counted(found.common, 'run')} in both: {differ} differ, {found.same} the same"
    for name, alone in (("A", found.only_before), ("B", found.only_after)):
        said += f"; {len(alone)} only in {name}" if alone else ""
    said += f"; {counted(len(found.broken), 'fault')} in what is stored" if found.broken else ""
    return Told(sides, tuple(_sections(found)), said, found.differs)


def _sections(found: StoreDifference) -> Iterator[Section]:
    if found.broken:
        rows = tuple((str(fault.place), fault.problem) for fault in found.broken)
        note = "These runs are not compared. harness verify --repair moves them aside."
        yield Section("Broken", ("where", "what"), rows, note)
    for name, alone in (("A", found.only_before), ("B", found.only_after)):
        if alone:
            yield Section(f"Only in {name}", ("run",), tuple((run,) for run in alone))
    if found.fields:
        numbers: list[tuple[str, ...]] = []
        more = 0
        for run in dict.fromkeys(one.run for one in found.fields):
            mine = [one for one in found.fields if one.run == run]
            mine.sort(key=lambda one: one.name.count("."))  # what is about the whole run first
            numbers += [told_of_field(one) for one in mine[:MOST]]
            more += len(mine[MOST:])
        note = f"Left out here, in --json: {more} more." if more else ""
        yield Section("Numbers", ("run", "field", "A", "B", "B − A"), tuple(numbers), note)
    if found.others:
        others = tuple((run, ", ".join(files)) for run, files in found.others.items())
        yield Section("Other bytes", ("run", "files"), others)
    if found.environment:
        yield changes("Made with", "what", found.environment, found.common)


def told_of_field(one: Field) -> tuple[str, ...]:
    """Its row in a table: run, field, A, B, B − A."""
    off = "" if one.difference is None else f"{one.difference:+.4g}".replace("-", "−")
    return (
        one.run,
        one.name,
        *("absent" if v is None else _digits(v) for v in (one.before, one.after)),
        off,
    )


def _digits(value: Any) -> str:
    if value is None:
        return "absent"
    return f"{value:.6g}" if isinstance(value, float) else str(value)[:72]


def record_of_stores(found: StoreDifference) -> dict[str, Any]:
    """Everything, with nothing left out."""
    return {
        "differs": found.differs,
        "A": {"folder": found.folders[0], "runs": found.sizes[0]},
        "B": {"folder": found.folders[1], "runs": found.sizes[1]},
        "only_in_A": list(found.only_before),
        "only_in_B": list(found.only_after),
        "in_both": found.common,
        "the_same": found.same,
        "broken": [str(fault) for fault in found.broken],
        "numbers": [asdict(one) | {"difference": one.difference} for one in found.fields],
        "other_bytes": {run: list(files) for run, files in found.others.items()},
        "environment": list(map(asdict, found.environment)),
    }
