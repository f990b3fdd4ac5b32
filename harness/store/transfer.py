"""Runs carried from one store into another, as a folder of pieces (`pieces`).

Stored runs go with all their files, half-done ones with their checkpoints; locks, logs and caches
stay where they are.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
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
from harness.store.pieces import Index, Joined, compared, missing, read_index, sets_in, write
from harness.store.publish import move_into_place
from harness.store.store import Store
from harness.store.verify import file_faults, set_broken_aside

Done = Callable[[Path], int]
"""Folder of checkpoints → how far they are."""


@dataclass(frozen=True)
class Exported:
    """The pieces that were written, and the keys of the runs in them; `left` are half-done ones of
    an earlier version, which did not record by which revision of its code.
    """

    pieces: tuple[Path, ...]
    stored: tuple[str, ...]
    half_done: tuple[str, ...]
    left: tuple[str, ...]


@dataclass(frozen=True)
class Imported:
    """Keys of the runs that were taken, and of those that were not, each with the reason."""

    stored: tuple[str, ...]
    half_done: tuple[str, ...]
    left: Mapping[str, str]


def export(store: Store, folder: Path, *, size: int | None = None) -> Exported:
    """Write all runs of a store into `folder`, in pieces of at most `size` bytes. Those of an
    earlier export go, once the new ones are whole and have all its runs.

    Runs may go on meanwhile: their checkpoints are those of the moment when they were listed.

    Raises:
        HarnessError: a file is not the one published, `folder` lies in the store
            or has runs that it lacks, or the disk refuses.
    """
    if store.root.resolve() in (place := folder.resolve(), *place.parents):
        raise HarnessError(str(folder), "lies in the store itself", hint="name another folder")
    with ExitStack() as opened, os_errors(folder):
        sources, records, left = _listed(store, opened)
        index = Index(files=records)
        text = index.model_dump_json().encode()
        head = b"harness-runs %d\n" % len(text) + text
        total = len(head) + sum(one.bytes for one in records.values())
        count = -(-total // (size or total))
        name, width = f"runs-{hashlib.sha256(text).hexdigest()[:16]}", len(str(count))
        pieces = [folder / f"{name}.{n:0{width}d}-of-{count}" for n in range(1, count + 1)]
        make_folder(folder)
        older = _outdone(folder, index)
        write(pieces, size or total, _stream(head, sources, records))
        for path in older:
            if path not in pieces:
                discard(path)
    return Exported(tuple(pieces), index.runs("nodes"), index.runs("partial"), left)


def _listed(
    store: Store, opened: ExitStack
) -> tuple[dict[str, Path | IO[bytes]], dict[str, FileRecord], tuple[str, ...]]:
    """The files of all runs, and what each must hold; those that may change are held open. Then
    the keys of runs that cannot go.
    """
    sources: dict[str, Path | IO[bytes]] = {}
    records: dict[str, FileRecord] = {}

    def hold(name: str, path: Path) -> None:
        sources[name] = file = opened.enter_context(open_plain(path))
        checksum = hashlib.file_digest(file, "sha256").hexdigest()
        records[name] = FileRecord(sha256=checksum, bytes=file.tell())

    manifests = {one.key: one for one in store.manifests()}
    for key, manifest in manifests.items():
        place = store.folder(key)
        content = (place / MANIFEST_NAME).read_bytes()  # not held open: there may be many
        own = FileRecord(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
        for name, record in {MANIFEST_NAME: own, **manifest.files}.items():
            sources[f"nodes/{key}/{name}"] = place / name
            records[f"nodes/{key}/{name}"] = record
    left: list[str] = []
    for place in store.tree.entries("partial"):
        checkpoints, said = place / "checkpoints", place / "identity.json"
        if place.name in manifests or not is_key(place.name) or not said.is_file():
            continue
        if not checkpoints.is_dir() or not (files := contents(checkpoints).files):
            continue
        if _key_of(said) != place.name:
            left.append(place.name)
        else:
            hold(f"partial/{place.name}/record", said)
            for name, path in files.items():
                hold(f"partial/{place.name}/checkpoints/{name}", path)
    return sources, records, tuple(left)


def _stream(
    head: bytes, sources: Mapping[str, Path | IO[bytes]], records: Mapping[str, FileRecord]
) -> Iterator[bytes]:
    """What goes into the pieces, each file compared with what the index says of it."""
    yield head
    for name, source in sources.items():
        with open_plain(source) if isinstance(source, Path) else source as file:
            file.seek(0)
            yield from compared(file, name, records[name], "harness verify --repair")


def _outdone(folder: Path, index: Index) -> list[Path]:
    """The pieces in a folder, if all that they hold is in `index`, too."""
    mine = {*index.runs("nodes"), *index.runs("partial")}
    pieces: list[Path] = []
    for name, paths in sets_in(folder).items():
        if not missing(paths):
            with Joined(paths) as stream:
                there = read_index(io.BufferedReader(stream), name, folder)
            if lacking := {*there.runs("nodes"), *there.runs("partial")} - mine:
                problem = f"has runs that this store lacks, as {short(min(lacking))}"
                hint = "name a new folder, or import that one first"
                raise HarnessError(str(folder), problem, hint=hint)
        pieces += filter(None, paths)
    return pieces


def take_in(store: Store, folder: Path, done: Done) -> Imported:
    """Take the runs of an export into a store: everything is compared first, and then each run is
    put into its place, whole or not at all. A run that is stored here stays as it is; of two that
    are half-done the one whose checkpoints are further (`done`) stays.

    Raises:
        HarnessError: no export is here, a piece is missing, anything in it is not what was sent or
            no run of a store, or the disk refuses. Nothing was taken then.
    """
    if not folder.is_dir():
        raise HarnessError(str(folder), "no such folder", hint="harness export FOLDER writes one")
    with os_errors(folder):
        found = sets_in(folder)
        whole = {name: paths for name, paths in found.items() if not missing(paths)}
        for name, paths in {} if whole else found.items():
            problem = f"of runs-{name[:16]} pieces {missing(paths)} of {len(paths)} are missing"
            raise HarnessError(str(folder), problem, hint="copy all of them")
    if not whole:
        problem, hint = "holds no export", "harness export FOLDER writes one"
        raise HarnessError(str(folder), problem, hint=hint)
    store.tree.prepare()
    scratch = store.tree.room("trash") / f"import-{secrets.token_hex(4)}"
    taken: dict[str, list[str]] = {"nodes": [], "partial": []}
    left: dict[str, str] = {}
    try:
        with os_errors(scratch):
            for name, paths in whole.items():
                with Joined(paths) as stream:
                    _unpack(io.BufferedReader(stream), name, folder, scratch / name)
            for room in ("nodes", "partial"):
                for place in sorted(scratch.glob(f"*/{room}/*")):
                    why = _placed(store, place, done)
                    if why:
                        left[place.name] = why
                    else:
                        taken[room].append(place.name)
    finally:
        discard(scratch)
    return Imported(tuple(taken["nodes"]), tuple(taken["partial"]), left)


def _unpack(stream: IO[bytes], name: str, folder: Path, scratch: Path) -> None:
    """The runs of a stream as folders, on disk, with every file and key compared."""
    hint = "copy the pieces again"
    for member, record in read_index(stream, name, folder).files.items():
        path = scratch / member
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            for block in compared(stream, f"{folder}: {member}", record, hint):
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
    if stream.read(1):
        raise HarnessError(str(folder / f"runs-{name[:16]}"), "has more than it says", hint=hint)
    for place in scratch.glob("*/*"):
        if problem := _wrong(place):
            raise HarnessError(f"{folder}: run {short(place.name)}", problem)
        for inner in reversed(contents(place).folders):
            sync_folder(inner)


def _wrong(place: Path) -> str:
    """What is wrong with a run as it came: its key must be that of what it computes."""
    if place.parent.name == "partial":
        is_own = _key_of(place / "record") == place.name
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
        (place / "record").rename(place / "identity.json")
        place.rename(mine)
        sync_folder(mine.parent)
        if old is not None:
            discard(old)
    return ""
