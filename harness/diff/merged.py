"""Several stores made one: what each of them brought, and the runs that two of them have with other
numbers or bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from harness.canonical import flatten
from harness.diff.compare import Values, together, values_of
from harness.diff.shown import changes
from harness.diff.stores import Field, apart, told_of_field, told_run
from harness.errors import HarnessError
from harness.store.made import ROUNDING
from harness.store.manifest import Manifest
from harness.store.store import Store
from harness.store.transfer import Done, send, take_in
from harness.words import Section, counted

MOST = 20  # runs that are told one by one
FIELDS = 5  # numbers of a run, and things that were left out, that are
UNKNOWN = "not known"


class Origin(NamedTuple):
    """By whom a run was made: the source that has it, the machine, versions, code, and when."""

    source: str
    machine: str
    versions: str
    code: str
    seeds: str
    started: str


@dataclass(frozen=True)
class Contested:
    """A run that two sources have otherwise: the one that was taken, and the other. `fields` are
    numbers of the first beside those of the second, `files` have other bytes.
    """

    key: str
    run: str
    taken: Origin
    other: Origin
    fields: tuple[Field, ...]
    files: tuple[str, ...]
    made: tuple[Values, Values]  # the whole record of what each was made with


class Brought(NamedTuple):
    """What a source has: its stored runs, those of them that were taken, those that were there
    before with the same numbers and bytes, and those that were there with others.
    """

    source: str
    runs: int
    taken: int
    same: int
    other: int
    origins: tuple[Origin, ...]


@dataclass(frozen=True)
class Merged:
    """The sources in the order in which they were named. Of a run that several have, the first one
    was taken. `mixed` are runs that were taken of one source, and rest on a run of which another
    source's was taken, which differs: by label, and what they rest on.
    """

    brought: tuple[Brought, ...]
    contested: tuple[Contested, ...]
    mixed: Mapping[str, str]
    unasked: int = 0  # runs that no exhibit of the report asks for
    left: tuple[str, ...] = ()  # seeds of exhibits of which only some runs are there

    @property
    def runs(self) -> int:
        return sum(one.taken for one in self.brought)

    @property
    def omission(self) -> str:
        """`Left out, since some of their runs are missing: fig1 seed 7`."""
        named = ", ".join(self.left[:FIELDS])
        more = f" and {len(self.left) - FIELDS} more" if self.left[FIELDS:] else ""
        return f"Left out, since some of their runs are missing: {named}{more}"

    @property
    def sentence(self) -> str:
        """How far they agree, before anything else."""
        shared = sum(one.same + one.other for one in self.brought)
        if not shared:
            return "no two of them have the same run"
        if not self.contested:
            is_one = "the one run" if shared == 1 else f"all {shared} runs"
            return f"{is_one} that several have {'is' if shared == 1 else 'are'} the same"
        several = sum(one.other for one in self.brought)
        said = f"{several} of {counted(shared, 'run')} that several sources have "
        said += "differs" if several == 1 else "differ"
        said += "; this report uses those of the source that was named first"
        mixed = counted(len(self.mixed), "run")
        return said + (f", and {mixed} made of the others" if self.mixed else "")


def merge_stores(sources: Mapping[str, Store], into: Store, scratch: Path, done: Done) -> Merged:
    """Copy the runs of all sources, by the name that each has for people, into a new store: the
    first to have a run gives it. Every byte is compared on the way, half-done runs come along, and
    the sources stay as they are. `scratch` is a new folder for what is under way.

    Raises:
        HarnessError: a file of a source is not the one published, or the disk refuses.
    """
    owners: dict[str, str] = {}
    brought: list[Brought] = []
    contested: list[Contested] = []
    others: dict[str, set[str]] = {name: set() for name in sources}
    for name, store in sources.items():
        archive = scratch / "runs.zip"
        _sent(name, store, archive)
        taken = take_in(into, archive, done)
        archive.unlink()
        manifests = {one.key: one for one in store.manifests()}
        met = [key for key in taken.left if key in manifests and key in owners]
        for key in met:
            first = owners[key], sources[owners[key]]
            if found := _contested(first, (name, store), key):
                others[name].add(key)
                contested.append(found)
        owners |= dict.fromkeys(taken.stored, name)
        differ = len(others[name])
        origins = tuple(dict.fromkeys(_together(name, manifests.values())))
        counts = len(manifests), len(taken.stored), len(met) - differ, differ
        brought.append(Brought(name, *counts, origins))
    return Merged(tuple(brought), tuple(contested), dict(_mixed(into, owners, others)))


def _sent(name: str, store: Store, archive: Path) -> None:
    """Pack a source; what is wrong with it is said with its name."""
    try:
        send(store, archive)
    except HarnessError as error:
        hint = error.hint.replace("--repair", f"--repair --store {store.root}")
        where = f"{name}: {error.where}"
        raise HarnessError(where, error.problem, hint=hint, code=error.code) from error


def _contested(first: tuple[str, Store], second: tuple[str, Store], key: str) -> Contested | None:
    """In what a run of two sources differs, if in anything."""
    stores = first[1], second[1]
    mine, theirs = (store.get(key) for store in stores)
    if mine is None or theirs is None:  # removed meanwhile
        return None
    fields, files = apart(stores, mine, theirs)
    if not fields and not files:
        return None
    made = origin(first[0], mine), origin(second[0], theirs)
    records = values_of([mine.environment]), values_of([theirs.environment])
    return Contested(key, told_run(mine), *made, tuple(fields), files, records)


def _mixed(
    store: Store, owners: Mapping[str, str], others: Mapping[str, set[str]]
) -> Iterator[tuple[str, str]]:
    """Runs whose own source made them of another run than the one that is here under its key."""
    manifests = {one.key: one for one in store.manifests()}

    def below(key: str) -> Iterator[str]:
        for inner in manifests[key].inputs.values() if key in manifests else ():
            yield inner
            yield from below(inner)

    for key, name in owners.items():
        for inner in below(key):
            if inner in others[name]:
                yield told_run(manifests[key]), told_run(manifests[inner])
                break


def origin(source: str, run: Manifest) -> Origin:
    """By whom one run was made."""
    made = run.environment
    packages = made.get("packages")
    known = packages if isinstance(packages, dict) else {}
    gpus = made.get("gpus")
    cards = map(str, gpus if isinstance(gpus, list) else ())
    machine = ", ".join(filter(None, (str(made.get("processor") or ""), *cards)))
    versions = [f"harness {made['harness']}"] if made.get("harness") else []
    versions += [f"{name} {known[name]}" for name in ROUNDING if known.get(name)]
    code = [str(made[name]) for name in ("code", "git") if made.get(name)]
    seeds = ", ".join(map(str, sorted(seeds_of(run))))
    return Origin(
        source,
        machine or UNKNOWN,
        ", ".join(versions) or UNKNOWN,
        ", git ".join(code) or UNKNOWN,
        seeds or "none",
        run.started,
    )


def seeds_of(run: Manifest) -> set[int]:
    """The seeds of the trainings that a run is, or measures."""
    return {
        int(str(value))
        for name, value in flatten(run.spec)
        if name.rpartition(".")[2] == "seed" and isinstance(value, int)
    }


def _together(source: str, runs: Iterable[Manifest]) -> Iterator[Origin]:
    """The origins of the runs of a source, each machine with its versions and code once; of the
    beginnings the first and the last.
    """
    alike: dict[tuple[str, ...], list[tuple[Origin, set[int]]]] = {}
    for run in runs:
        one = origin(source, run)
        alike.setdefault(one[:4], []).append((one, seeds_of(run)))
    for found in alike.values():
        seeds = sorted(set().union(*(some for _, some in found)))
        starts = sorted(one.started for one, _ in found)
        when = starts[0] if starts[0] == starts[-1] else f"{starts[0]} to {starts[-1]}"
        first = found[0][0]
        yield first._replace(seeds=", ".join(map(str, seeds)) or "none", started=when)


def sections(found: Merged) -> tuple[Section, ...]:
    """Disagreements first, then the sources."""
    return (*_disagreements(found), _sources(found))


def _disagreements(found: Merged) -> Iterator[Section]:
    shown = found.contested[:MOST]
    if shown:
        more = len(found.contested) - len(shown)
        left = f" Left out here, in merged.json: {counted(more, 'run')} more." if more else ""
        columns: tuple[str, ...] = ("run", "field", "taken", "other", "other − taken")
        rows = tuple(row for one in shown for row in _numbers(one))
        title = "Where the sources disagree"
        yield Section(title, columns, rows, f"{found.sentence}.{left}")
        columns = ("run", "from", "machine", "versions", "code", "seed", "started")
        made = tuple((one.run, *each) for one in shown for each in (one.taken, one.other))
        yield Section("Who made the runs that differ", columns, made)
        records = together([(f"{one.run} of {one.other.source}", *one.made) for one in shown])
        if records:
            yield changes("Made with", "what", records, len(shown), ("taken", "other"))
    if found.mixed:
        said = "made of another {} than the one that is here"
        rows = tuple((run, said.format(inner)) for run, inner in found.mixed.items())
        yield Section("Runs made of the others", ("run", "what"), rows)


def _sources(found: Merged) -> Section:
    counts = ("source", "runs", "taken", "same", "other")
    rows = tuple(
        (one.source, *map(str, one[1:5]), *each[1:])
        for one in found.brought
        for each in one.origins or (Origin(one.source, *["none"] * 5),)
    )
    said = f"{counted(len(found.brought), 'source')} with {counted(found.runs, 'run')}"
    said += "." if found.contested else f"; {found.sentence}."
    if found.unasked:
        verb = "belongs" if found.unasked == 1 else "belong"
        said += f" {counted(found.unasked, 'run')} of the store {verb} to none of these exhibits."
    said += f" {found.omission}." if found.left else ""
    made = ("machine", "versions", "code", "seeds", "started")
    return Section("Merged", (*counts, *made), rows, said)


def _numbers(one: Contested) -> Iterator[tuple[str, ...]]:
    """The numbers of a run that are about the whole of it first."""
    fields = sorted(one.fields, key=lambda field: field.name.count("."))
    yield from map(told_of_field, fields[:FIELDS])
    if more := fields[FIELDS:]:
        yield (one.run, f"and {counted(len(more), 'field')} more", "", "", "")
    if one.files:
        yield (one.run, ", ".join(one.files), "other bytes", "", "")


def record(found: Merged) -> dict[str, Any]:
    """merged.json: everything, with nothing left out."""

    def origins(some: Sequence[Origin]) -> list[dict[str, str]]:
        return [one._asdict() for one in some]

    return {
        "version": 1,
        "sources": [one._asdict() | {"origins": origins(one.origins)} for one in found.brought],
        "disagreements": [
            {
                "key": one.key,
                "run": one.run,
                "taken": one.taken._asdict(),
                "other": one.other._asdict(),
                "numbers": [asdict(field) | {"difference": field.difference}
                            for field in one.fields],
                "other_bytes": list(one.files),
                "made_with": [{"name": each.name, "taken": each.before, "other": each.after}
                              for each in together([(one.run, *one.made)])],
            }
            for one in found.contested
        ],
        "made_of_others": dict(found.mixed),
        "asked_for_by_no_exhibit": found.unasked,
        "left_out": list(found.left),
    }  # fmt: skip
