"""Runs, and the study that asks for them, carried from one store into another as an archive
(`pieces`).

Stored runs go with all their files, half-done ones with their checkpoints; locks, logs and caches
stay where they are.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from harness.canonical import identity_key, is_key, short
from harness.errors import HarnessError
from harness.files import contents, discard, make_folder, open_plain, os_errors, sync_folder
from harness.store.faults import Fault
from harness.store.locks import lease_if_free
from harness.store.manifest import MANIFEST_NAME, FileRecord, Manifest, read_manifest
from harness.store.pieces import (
    Archive,
    Index,
    archives_at,
    compared,
    index_of,
    missing,
    reading,
    writing,
)
from harness.store.publish import move_into_place
from harness.store.store import Store
from harness.store.tree import FORMAT
from harness.store.verify import file_faults, set_broken_aside

Done = Callable[[Path], int]
"""Folder of checkpoints → how far they are."""
MARKER = f"{FORMAT}\n".encode()


@dataclass(frozen=True)
class Sent:
    """The archive, or its pieces; the files of a study and the keys of the runs in it; `left` are
    half-done ones of an earlier version, which did not record by which revision of its code.
    """

    pieces: tuple[Path, ...]
    study: tuple[str, ...]
    stored: tuple[str, ...]
    half_done: tuple[str, ...]
    left: tuple[str, ...]


@dataclass(frozen=True)
class Taken:
    """Files of the study and keys of the runs that were taken; and of the runs that were not, each
    with the reason.
    """

    study: tuple[str, ...]
    stored: tuple[str, ...]
    half_done: tuple[str, ...]
    left: Mapping[str, str]


def send(
    store: Store,
    target: Path,
    *,
    study: Mapping[str, Path] | None = None,
    only: Collection[str] | None = None,
    size: int | None = None,
) -> Sent:
    """Write the runs of a store, all or `only` those of these keys, into the archive `target`, or
    into pieces of at most `size` bytes beside it, with the files of a study by their names. What
    stood under this name goes, once the new one is whole and has all its runs.

    Runs may go on meanwhile: their checkpoints are those of the moment when they were listed.

    Raises:
        HarnessError: a file is not the one published, `target` lies in the store, is something
            else, or has runs or a study that this one lacks, or the disk refuses.
    """
    if store.root.resolve() in target.resolve().parents:
        raise HarnessError(str(target), "lies in the store itself", hint="name another folder")
    with ExitStack() as opened, os_errors(target):
        listed = _Listed(opened)
        for name, path in (study or {}).items():
            listed.hold(name, path)
        left = listed.runs(store, only)
        index = index_of(dict(sorted(listed.records.items())), str(target))
        older = _outdone(target, index)
        with writing(target, index, size) as (put, pieces):
            for name, record in index.files.items():
                put(name, listed.blocks(name, record))
        for path in older:
            if path not in pieces:
                discard(path)
    runs = index.runs("node"), index.runs("partial")
    return Sent(tuple(pieces), index.study, *runs, left)


class _Listed:
    """Files to be sent, and what each must hold; those that may change are held open."""

    def __init__(self, opened: ExitStack) -> None:
        self.records = {"store/format": _record(MARKER)}
        self._sources: dict[str, Path | IO[bytes]] = {}
        self._opened = opened

    def hold(self, name: str, path: Path, *, is_open: bool = False) -> None:
        with ExitStack() as here:
            file = (self._opened if is_open else here).enter_context(open_plain(path))
            checksum = hashlib.file_digest(file, "sha256").hexdigest()
            self.records[name] = FileRecord(sha256=checksum, bytes=file.tell())
            self._sources[name] = file if is_open else path

    def runs(self, store: Store, only: Collection[str] | None) -> tuple[str, ...]:
        """List the runs; keys of those that cannot go."""
        manifests = {one.key: one for one in store.manifests()}
        for key, manifest in manifests.items():
            if only is None or key in only:
                self._stored(store.folder(key), manifest)
        left: list[str] = []
        for place in store.tree.entries("partial"):
            checkpoints, said, key = place / "checkpoints", place / "identity.json", place.name
            if key in manifests or not is_key(key) or (only is not None and key not in only):
                continue
            if not said.is_file() or not checkpoints.is_dir():
                continue
            if files := contents(checkpoints).files:
                if _key_of(said) != key:
                    left.append(key)
                    continue
                self.hold(f"store/partial/{key}/{said.name}", said, is_open=True)
                for name, path in files.items():
                    self.hold(f"store/partial/{key}/checkpoints/{name}", path, is_open=True)
        return tuple(left)

    def _stored(self, place: Path, manifest: Manifest) -> None:
        own = _record((place / MANIFEST_NAME).read_bytes())
        for name, record in {MANIFEST_NAME: own, **manifest.files}.items():
            member = f"store/nodes/{place.name[:2]}/{place.name}/{name}"
            self._sources[member], self.records[member] = place / name, record

    def blocks(self, name: str, record: FileRecord) -> Iterable[bytes]:
        """The content of one, compared."""
        if name not in self._sources:
            yield MARKER
            return
        source, is_run = self._sources[name], name.startswith("store/")
        hint = "harness verify --repair" if is_run else "it was changed meanwhile: pack again"
        with open_plain(source) if isinstance(source, Path) else source as file:
            file.seek(0)
            yield from compared(file, name, record, hint)


def _record(content: bytes) -> FileRecord:
    return FileRecord(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))


def _outdone(target: Path, index: Index) -> list[Path]:
    """What stands at this name, if all that it holds is in `index`, too."""
    if target.is_dir():
        hint = f"name a file, as in {target / 'study.zip'}"
        raise HarnessError(str(target), "is a folder", hint=hint)
    mine = {*index.runs("node"), *index.runs("partial")}
    older: list[Path] = []
    for name, paths in archives_at(target).items():
        if not missing(paths):
            with reading(target, name, paths) as archive:
                there = archive.index
            hint = "name a new file, or unpack that one first"
            if lacking := {*there.runs("node"), *there.runs("partial")} - mine:
                problem = f"has runs that this one would lack, as {short(min(lacking))}"
                raise HarnessError(str(target), problem, hint=hint)
            if there.study and not index.study:
                raise HarnessError(str(target), "has a study, and this one has runs", hint=hint)
        older += filter(None, paths)
    return older


def take_in(store: Store, source: Path, done: Done) -> Taken:
    """Take the runs of an archive into a store: everything is compared first, and then each run is
    put into its place, whole or not at all. A run that is stored here stays as it is; of two that
    are half-done the one whose checkpoints are further (`done`) stays.

    Raises:
        HarnessError: no archive is here, a piece is missing, anything in it is not what was sent or
            no run of a store, or the disk refuses. Nothing was taken then.
    """
    found = _whole(source)
    store.tree.prepare()
    scratch = store.tree.room("trash") / f"unpack-{secrets.token_hex(4)}"
    taken: dict[str, list[str]] = {"nodes": [], "partial": []}
    left: dict[str, str] = {}
    try:
        with os_errors(scratch):
            for name, paths in found.items():
                with reading(source, name, paths) as archive:
                    runs = [one for one in archive.index.files if one.startswith("store/")]
                    _unpack(archive, runs, scratch / (name or "whole"))
            for room, depth in (("nodes", "*/*"), ("partial", "*")):
                for place in sorted(scratch.glob(f"*/store/{room}/{depth}")):
                    why = _placed(store, place, done)
                    if why:
                        left[place.name] = why
                    else:
                        taken[room].append(place.name)
    finally:
        discard(scratch)
    return Taken((), tuple(taken["nodes"]), tuple(taken["partial"]), left)


def take_out(source: Path, folder: Path) -> Taken:
    """Make `folder`, which is new or empty, the study of an archive with its store, whole or not at
    all.

    Raises:
        HarnessError: as `take_in`; the archive has no study, or something is in the folder.
    """
    found, folder = _whole(source), folder.absolute()
    if os.path.lexists(folder) and (not folder.is_dir() or any(folder.iterdir())):
        raise HarnessError(str(folder), "is there, and not empty", hint="name a new folder")
    scratch = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    (name, paths), *_ = found.items()
    try:
        with os_errors(folder), reading(source, name, paths) as archive:
            index = archive.index
            if not index.study:
                hint = f"harness unpack {source} --runs takes them into a store"
                raise HarnessError(str(source), "holds runs, and no study", hint=hint)
            make_folder(scratch.parent)
            _unpack(archive, index.files, scratch)
            scratch.rename(folder)
            sync_folder(folder.parent)
    finally:
        discard(scratch)
    return Taken(index.study, index.runs("node"), index.runs("partial"), {})


def _whole(source: Path) -> dict[str, tuple[Path | None, ...]]:
    """The archives of this name of which no piece is missing."""
    found = archives_at(source)
    whole = {name: tuple(paths) for name, paths in found.items() if not missing(paths)}
    if not whole:
        problem, hint = "no such archive", f"harness pack {source} writes one"
        for name, paths in found.items():
            many = f"{missing(paths)} of {len(paths)}"
            is_one = paths.count(None) == 1
            many = f"piece {many} is missing" if is_one else f"pieces {many} are missing"
            problem, hint = f"of {name[:16]} {many}", "copy all of them"
        raise HarnessError(str(source), problem, hint=hint)
    return whole


def _unpack(archive: Archive, names: Iterable[str], scratch: Path) -> None:
    """Members as files on disk, with every byte and the key of every run compared."""
    for name in names:
        path = scratch / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            for block in archive.blocks(name):
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
    marker = scratch / "store" / "format"
    if not marker.is_file() or marker.read_bytes() != MARKER:
        problem = f"holds a store of another format than {FORMAT}, which this harness reads"
        raise HarnessError(archive.where, problem, hint="update the harness")
    for place in (*scratch.glob("store/nodes/*/*"), *scratch.glob("store/partial/*")):
        if problem := _wrong(place):
            raise HarnessError(f"{archive.where}: run {short(place.name)}", problem)
    for inner in reversed(contents(scratch).folders):
        sync_folder(inner)


def _wrong(place: Path) -> str:
    """What is wrong with a run as it came: its key must be that of what it computes."""
    if place.parent.name == "partial":
        is_own = _key_of(place / "identity.json") == place.name
        return "" if is_own else "its key does not follow from what it says of itself"
    found = read_manifest(place, place.name)
    if isinstance(found, Fault):
        return found.problem
    of = (found.kind, found.revision, found.spec, found.inputs)
    if identity_key(*of) != place.name:
        return "its key does not follow from what it says of itself"
    return next((fault.problem for fault in _faults(place, found)), "")


def _key_of(record: Path) -> str:
    """The key that follows from the record of a half-done run; none where it is no such record."""
    try:
        said = json.loads(record.read_bytes())
        return identity_key(*(said[name] for name in ("kind", "revision", "spec", "inputs")))
    except (OSError, ValueError, RecursionError, LookupError, TypeError, HarnessError):
        return ""


def _faults(place: Path, manifest: Manifest) -> list[Fault]:
    return [fault for fault in file_faults(place, manifest) if not fault.is_information]


def _placed(store: Store, place: Path, done: Done) -> str:
    """Put a run that was compared into its place; why not, where it is left."""
    tree, key = store.tree, place.name
    here = read_manifest(tree.node(key), key)
    if isinstance(here, Manifest) and not _faults(tree.node(key), here):
        return "stored here"
    with lease_if_free(tree.lock(key)) as is_free:
        if not is_free:
            return "running here"
        mine, old = tree.partial(key), None
        found = read_manifest(place, key)
        if isinstance(found, Manifest):
            if os.path.lexists(tree.node(key)):
                set_broken_aside(tree, key)
            move_into_place(tree, place, found)
            discard(mine)
            return ""
        if os.path.lexists(mine):
            if done(mine / "checkpoints") >= done(place / "checkpoints"):
                return "as far here"
            old = tree.set_aside(mine, room="trash")
        place.rename(mine)
        sync_folder(mine.parent)
        if old is not None:
            discard(old)
    return ""
